import {
  deleteOptionsName,
  listName,
  patchName,
  refTo,
  statusName,
  watchEventName,
  type Json,
} from './openapi-schemas.ts';
import { allows, apiVersionOf, type ResourceInfo } from './resources.ts';
import { bodyType, typeNameOf, type BodyKind } from './schema-table.ts';

type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';
type Action =
  'get' | 'list' | 'put' | 'post' | 'delete' | 'deletecollection' | 'patch' | 'connect' | 'watch' | 'watchlist';

interface Operation {
  method: Method;
  action: Action;
  /** Names of the schemas that go in and come out. */
  body?: string;
  answer: string;
  query: readonly string[];
}

type Kind = Pick<ResourceInfo, 'group' | 'version' | 'kind'>;

/**
 * Query parameters. That PATCH, POST and PUT know `fieldValidation` tells clients that the server validates: without it
 * they would ask for another document, and fail.
 */
const writing = ['dryRun', 'fieldManager', 'fieldValidation'];
const patching = [...writing, 'force'];
const selecting = ['labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'resourceVersionMatch'];
const listing = [...selecting, 'watch', 'timeoutSeconds', 'allowWatchBookmarks', 'sendInitialEvents'];
const deleting = ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'];

/** Verbs that OpenAPI calls by the name of their method. */
const verbs: Partial<Record<Action, string>> = { post: 'create', put: 'update' };

const booleans: ReadonlySet<string> = new Set(['force', 'watch', 'allowWatchBookmarks', 'sendInitialEvents']);
const integers: ReadonlySet<string> = new Set(['limit', 'timeoutSeconds', 'gracePeriodSeconds']);

/**
 * Without the strategic merge patch, though it is served: clients that see it here make patches from this document
 * instead of from what they know, and those differ in small ways.
 */
const patchTypes = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'];

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
    default:
      return { kind: info, operations: [{ method: 'get', action: 'connect', answer: statusName, query: [] }] };
  }
}

/** A subresource that takes a body of its own kind and answers with a Status, or something else. */
function posted(group: string, kind: BodyKind, answer = statusName): { kind: Kind; operations: Operation[] } {
  const body = bodyType(kind).name;
  return {
    kind: { group, version: 'v1', kind },
    operations: [{ method: 'post', action: 'post', body, answer, query: writing }],
  };
}

function pathItem(path: string, kind: Kind, operations: readonly Operation[]): Json {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const parameters = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const entries = operations.map((operation) => [operation.method, describeOperation(path, kind, operation)]);
  return { ...(Object.fromEntries(entries) as Json), ...(parameters.length > 0 && { parameters }) };
}

function describeOperation(path: string, { group, version, kind }: Kind, operation: Operation): Json {
  const { action, answer, query } = operation;
  return {
    operationId: `${action}${path.replaceAll(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    description: `${action} ${kind}`,
    ...(query.length > 0 && { parameters: query.map(queryParameter) }),
    ...requestBody(operation),
    responses: { 200: { description: 'OK', content: { 'application/json': { schema: refTo(answer) } } } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  };
}

function requestBody({ action, body }: Operation): Json {
  if (body === undefined) return {};
  const types = action === 'patch' ? patchTypes : ['application/json', 'application/yaml'];
  const content = Object.fromEntries(types.map((type) => [type, { schema: refTo(body) }]));
  return { requestBody: { content, ...(body !== deleteOptionsName && { required: true }) } };
}

function queryParameter(name: string): Json {
  const type = booleans.has(name) ? 'boolean' : integers.has(name) ? 'integer' : 'string';
  return { name, in: 'query', schema: { type, uniqueItems: true } };
}
