import { pathItem, type Action, type Kind, type Method, type Operation } from './openapi-operations.ts';
import { deleteOptionsName, listName, patchName, statusName, watchEventName, type Json } from './openapi-schemas.ts';
import { allows, apiVersionOf, type ResourceInfo } from './resources.ts';
import { bodyType, typeNameOf, type BodyKind } from './schema-table.ts';

/**
 * Query parameters. That PATCH, POST and PUT know `fieldValidation` tells clients that the server validates: without it
 * they would ask for another document, and fail.
 */
const writing = ['dryRun', 'fieldManager', 'fieldValidation'];
const patching = [...writing, 'force'];
const selecting = ['labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'resourceVersionMatch'];
const listing = [...selecting, 'watch', 'timeoutSeconds', 'allowWatchBookmarks', 'sendInitialEvents'];
const streaming = ['container', 'stdin', 'stdout', 'stderr', 'tty'];
const logging = ['container', 'follow', 'previous', 'timestamps', 'sinceSeconds', 'tailLines', 'limitBytes'];
const deleting = ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'];

/** Verbs that OpenAPI calls by the name of their method. */
const verbs: Partial<Record<Action, string>> = { post: 'create', put: 'update' };

/** The paths of one resource with their operations. */
export function openApiPaths(info: ResourceInfo): [string, Json][] {
  const root = info.group === '' ? `/api/${info.version}` : `/apis/${apiVersionOf(info)}`;
  const collection = info.namespaced ? `${root}/namespaces/{namespace}/${info.plural}` : `${root}/${info.plural}`;
  const own = typeNameOf(info);
  const creation: Operation = { method: 'post', action: 'post', body: own, answer: own, query: writing };
  if (!allows(info, 'get')) return [[collection, pathItem(collection, info, [creation])]];
  const list: Operation = { method: 'get', action: 'list', answer: listName(info), query: listing };
  const deletion: Operation = {
    method: 'delete',
    action: 'deletecollection',
    body: deleteOptionsName,
    answer: statusName,
    query: [...selecting, ...deleting],
  };
  const isAllowed = ({ action }: Operation): boolean => allows(info, verbs[action] ?? action);
  const ofCollection = [list, creation, deletion].filter(isAllowed);
  const ofItem: Operation[] = [
    ...objectOperations(own),
    { method: 'delete', action: 'delete', body: deleteOptionsName, answer: statusName, query: deleting },
  ];
  const paths: [string, Json][] = [
    [collection, pathItem(collection, info, ofCollection)],
    [`${collection}/{name}`, pathItem(`${collection}/{name}`, info, ofItem.filter(isAllowed))],
    ...info.subresources.map((name): [string, Json] => {
      const path = `${collection}/{name}/${name}`;
      const { kind, operations } = subresource(info, name);
      return [path, pathItem(path, kind, operations)];
    }),
  ];
  const everywhere = `${root}/${info.plural}`;
  if (info.namespaced) paths.push([everywhere, pathItem(everywhere, info, [list])]);
  return allows(info, 'watch') ? [...paths, ...watchPaths(info, root, new Set([collection, everywhere]))] : paths;
}

/** The older way to ask for a watch, by which some clients know what can be watched. */
function watchPaths(info: ResourceInfo, root: string, collections: ReadonlySet<string>): [string, Json][] {
  const [first = ''] = collections;
  const actions = [...collections].map((path): [string, Action] => [path, 'watchlist']);
  return [...actions, [`${first}/{name}`, 'watch'] as const].map(([of, action]) => {
    const path = of.replace(root, `${root}/watch`);
    return [path, pathItem(path, info, [{ method: 'get', action, answer: watchEventName, query: listing }])];
  });
}

function objectOperations(schema: string): Operation[] {
  return [
    { method: 'get', action: 'get', answer: schema, query: [] },
    { method: 'put', action: 'put', body: schema, answer: schema, query: writing },
    { method: 'patch', action: 'patch', body: patchName, answer: schema, query: patching },
  ];
}

function subresource(info: ResourceInfo, name: string): { kind: Kind; operations: Operation[] } {
  const own = typeNameOf(info);
  switch (name) {
    case 'status':
    case 'ephemeralcontainers':
    case 'resize':
      return { kind: info, operations: objectOperations(own) };
    case 'scale': {
      const kind = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
      return { kind, operations: objectOperations(bodyType('Scale').name) };
    }
    case 'finalize':
      return { kind: info, operations: objectOperations(own).filter(({ action }) => action === 'put') };
    case 'binding':
      return posted('', 'Binding');
    case 'eviction':
      return posted('policy', 'Eviction');
    case 'token':
      return posted('authentication.k8s.io', 'TokenRequest', bodyType('TokenRequest').name);
    case 'log':
      return { kind: info, operations: [{ method: 'get', action: 'get', query: logging }] };
    case 'exec':
      return connected('PodExecOptions', ['command', ...streaming]);
    case 'attach':
      return connected('PodAttachOptions', streaming);
    case 'portforward':
      return connected('PodPortForwardOptions', ['ports']);
    default:
      return connected(`${info.kind}ProxyOptions`, [], ['get']);
  }
}

/** A subresource that becomes a connection, or another server's answer. */
function connected(
  kind: string,
  query: readonly string[],
  methods: readonly Method[] = ['get', 'post'],
): { kind: Kind; operations: Operation[] } {
  const operations = methods.map((method): Operation => ({ method, action: 'connect', query }));
  return { kind: { group: '', version: 'v1', kind }, operations };
}

/** A subresource that takes a body of its own kind and answers with a Status, or something else. */
function posted(group: string, kind: BodyKind, answer = statusName): { kind: Kind; operations: Operation[] } {
  const body = bodyType(kind).name;
  return {
    kind: { group, version: 'v1', kind },
    operations: [{ method: 'post', action: 'post', body, answer, query: writing }],
  };
}
