/** What discovery says about a subresource. A kind that is absent is the resource's own. */
export interface SubresourceInfo {
  group?: string;
  version?: string;
  kind?: string;
  verbs: readonly string[];
}

const known: Readonly<Record<string, SubresourceInfo>> = {
  status: { verbs: ['get', 'patch', 'update'] },
  ephemeralcontainers: { verbs: ['get', 'patch', 'update'] },
  resize: { verbs: ['get', 'patch', 'update'] },
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  finalize: { verbs: ['update'] },
  log: { verbs: ['get'] },
  exec: { group: '', version: 'v1', kind: 'PodExecOptions', verbs: ['create', 'get'] },
  attach: { group: '', version: 'v1', kind: 'PodAttachOptions', verbs: ['create', 'get'] },
  portforward: { group: '', version: 'v1', kind: 'PodPortForwardOptions', verbs: ['create', 'get'] },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
  binding: { group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
};

/** Throws for a subresource that a row names but nobody serves: that is a mistake in the table. */
export function describeSubresource(name: string, owner: string): SubresourceInfo {
  const info = name === 'proxy' ? proxyOf(owner) : known[name];
  if (info === undefined) throw new Error(`the subresource ${name} is not described`);
  return info;
}

function proxyOf(kind: string): SubresourceInfo {
  const verbs = ['create', 'delete', 'get', 'patch', 'update'];
  return { group: '', version: 'v1', kind: `${kind}ProxyOptions`, verbs };
}

/** Verbs of every resource itself. */
export const resourceVerbs: readonly string[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];
