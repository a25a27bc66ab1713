/** One row per resource that Berth serves: how it is named in URLs, in discovery and in the store. */
export interface ResourceInfo {
  /** API group, '' for core. */
  group: string;
  version: string;
  kind: string;
  /** Plural, lower case, as in URLs. */
  plural: string;
  singular: string;
  namespaced: boolean;
  shortNames: readonly string[];
  categories: readonly string[];
  /** Subresources besides the resource itself, in the order discovery lists them. */
  subresources: readonly string[];
  /** Kept and answered, but nothing acts on it yet: writes get a Warning header. */
  storedOnly?: true;
  /** An update of one that is not there makes it, as in Kubernetes. */
  madeByUpdate?: true;
  /** What can be done with the resource itself; absent: everything. */
  verbs?: readonly string[];
}

type Row = Partial<Omit<ResourceInfo, 'group' | 'version' | 'kind' | 'plural'>>;

/** The kinds of one group version. */
function group(
  name: string,
  version: string,
  kinds: Readonly<Record<string, readonly [string, Row?]>>,
): ResourceInfo[] {
  return Object.entries(kinds).map(([kind, [plural, more = {}]]) => ({
    group: name,
    version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced: true,
    shortNames: [],
    categories: [],
    subresources: [],
    ...more,
  }));
}

const inAll = { categories: ['all'] } as const;
const clusterWide = { namespaced: false } as const;
/** As in Kubernetes: to delete all of these at once would empty the cluster. */
const oneByOne = { verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] } as const;
const storedOnly = { storedOnly: true } as const;
const madeByUpdate = { madeByUpdate: true } as const;
const withStatus = { subresources: ['status'] } as const;
const withScale = { subresources: ['status', 'scale'] } as const;

/** All stored resources; adding a kind is one row here and one in the schema overlay. */
export const resources: readonly ResourceInfo[] = [
  ...group('', 'v1', {
    Namespace: [
      'namespaces',
      { ...clusterWide, ...oneByOne, shortNames: ['ns'], subresources: ['status', 'finalize'] },
    ],
    Node: ['nodes', { ...clusterWide, shortNames: ['no'], subresources: ['status', 'proxy'] }],
    Pod: [
      'pods',
      {
        ...inAll,
        shortNames: ['po'],
        subresources: [
          'status',
          'log',
          'exec',
          'attach',
          'portforward',
          'proxy',
          'eviction',
          'binding',
          'ephemeralcontainers',
          'resize',
        ],
      },
    ],
    ConfigMap: ['configmaps', { shortNames: ['cm'] }],
    Secret: ['secrets'],
    ServiceAccount: ['serviceaccounts', { shortNames: ['sa'], subresources: ['token'] }],
    Event: ['events', { ...madeByUpdate, shortNames: ['ev'] }],
    Service: [
      'services',
      { ...inAll, ...storedOnly, ...madeByUpdate, shortNames: ['svc'], subresources: ['status', 'proxy'] },
    ],
    Endpoints: ['endpoints', { ...storedOnly, ...madeByUpdate, singular: 'endpoints', shortNames: ['ep'] }],
    PersistentVolume: ['persistentvolumes', { ...clusterWide, ...withStatus, ...storedOnly, shortNames: ['pv'] }],
    PersistentVolumeClaim: ['persistentvolumeclaims', { ...withStatus, ...storedOnly, shortNames: ['pvc'] }],
    ReplicationController: ['replicationcontrollers', { ...withScale, ...inAll, shortNames: ['rc'] }],
    PodTemplate: ['podtemplates', storedOnly],
    ResourceQuota: ['resourcequotas', { ...withStatus, ...storedOnly, shortNames: ['quota'] }],
    LimitRange: ['limitranges', { ...storedOnly, ...madeByUpdate, shortNames: ['limits'] }],
  }),
  ...group('apps', 'v1', {
    Deployment: ['deployments', { ...withScale, ...inAll, shortNames: ['deploy'] }],
    ReplicaSet: ['replicasets', { ...withScale, ...inAll, shortNames: ['rs'] }],
    StatefulSet: ['statefulsets', { ...withScale, ...inAll, ...storedOnly, shortNames: ['sts'] }],
    DaemonSet: ['daemonsets', { ...withStatus, ...inAll, shortNames: ['ds'] }],
    ControllerRevision: ['controllerrevisions', {}],
  }),
  ...group('batch', 'v1', {
    Job: ['jobs', { ...withStatus, ...inAll }],
    CronJob: ['cronjobs', { ...withStatus, ...inAll, ...storedOnly, shortNames: ['cj'] }],
  }),
  ...group('autoscaling', 'v2', {
    HorizontalPodAutoscaler: [
      'horizontalpodautoscalers',
      { ...withStatus, ...inAll, ...storedOnly, shortNames: ['hpa'] },
    ],
  }),
  ...group('policy', 'v1', {
    PodDisruptionBudget: ['poddisruptionbudgets', { ...withStatus, shortNames: ['pdb'] }],
  }),
  ...group('networking.k8s.io', 'v1', {
    Ingress: ['ingresses', { ...withStatus, ...storedOnly, shortNames: ['ing'] }],
    IngressClass: ['ingressclasses', { ...clusterWide, ...storedOnly }],
    NetworkPolicy: ['networkpolicies', { ...storedOnly, shortNames: ['netpol'] }],
  }),
  ...group('discovery.k8s.io', 'v1', { EndpointSlice: ['endpointslices', storedOnly] }),
  ...group('coordination.k8s.io', 'v1', { Lease: ['leases', madeByUpdate] }),
  ...group('scheduling.k8s.io', 'v1', {
    PriorityClass: ['priorityclasses', { ...clusterWide, ...storedOnly, shortNames: ['pc'] }],
  }),
  ...group('storage.k8s.io', 'v1', {
    StorageClass: ['storageclasses', { ...clusterWide, ...storedOnly, shortNames: ['sc'] }],
  }),
  ...group('node.k8s.io', 'v1', { RuntimeClass: ['runtimeclasses', { ...clusterWide, ...storedOnly }] }),
  ...group('rbac.authorization.k8s.io', 'v1', {
    Role: ['roles', madeByUpdate],
    RoleBinding: ['rolebindings', madeByUpdate],
    ClusterRole: ['clusterroles', { ...clusterWide, ...madeByUpdate }],
    ClusterRoleBinding: ['clusterrolebindings', { ...clusterWide, ...madeByUpdate }],
  }),
];

const askedOnly = { verbs: ['create'] } as const;

/** Questions: what is posted is answered and kept nowhere. */
export const reviews: readonly ResourceInfo[] = [
  ...group('authentication.k8s.io', 'v1', {
    TokenReview: ['tokenreviews', { ...clusterWide, ...askedOnly }],
    SelfSubjectReview: ['selfsubjectreviews', { ...clusterWide, ...askedOnly }],
  }),
  ...group('authorization.k8s.io', 'v1', {
    LocalSubjectAccessReview: ['localsubjectaccessreviews', askedOnly],
    SelfSubjectAccessReview: ['selfsubjectaccessreviews', { ...clusterWide, ...askedOnly }],
    SelfSubjectRulesReview: ['selfsubjectrulesreviews', { ...clusterWide, ...askedOnly }],
    SubjectAccessReview: ['subjectaccessreviews', { ...clusterWide, ...askedOnly }],
  }),
];

/** What is measured of stored nodes and pods: read, and kept nowhere. The plural is that of the measured resource. */
export const measured: readonly ResourceInfo[] = group('metrics.k8s.io', 'v1beta1', {
  NodeMetrics: ['nodes', { ...clusterWide, verbs: ['get', 'list'] }],
  PodMetrics: ['pods', { verbs: ['get', 'list'] }],
});

/** Everything that has a path and a schema. */
export const served: readonly ResourceInfo[] = [...resources, ...reviews];

/** `pods`, `deployments.apps`: the name of a resource in the store and in messages. */
export type ResourceName = string;

export function resourceName({ group, plural }: Pick<ResourceInfo, 'group' | 'plural'>): ResourceName {
  return group === '' ? plural : `${plural}.${group}`;
}

const byName = new Map(resources.map((info) => [resourceName(info), info]));
const byKind = new Map(resources.map((info) => [`${apiVersionOf(info)}/${info.kind}`, info]));

/** The row of `pods` or `deployments.apps`, or undefined. */
export function findResource(name: ResourceName): ResourceInfo | undefined {
  return byName.get(name);
}

/** The row of a Kind as manifests name it, or undefined. */
export function findKind(apiVersion: string, kind: string): ResourceInfo | undefined {
  return byKind.get(`${apiVersion}/${kind}`);
}

/** Says whether this can be done with the resource itself. */
export function allows({ verbs }: Pick<ResourceInfo, 'verbs'>, verb: string): boolean {
  return verbs === undefined || verbs.includes(verb);
}

/** `v1`, `apps/v1`. */
export function apiVersionOf({ group, version }: Pick<ResourceInfo, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}
