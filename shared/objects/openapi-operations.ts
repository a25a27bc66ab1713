import { deleteOptionsName, refTo, type Json } from './openapi-schemas.ts';
import type { ResourceInfo } from './resources.ts';

export type Method = 'get' | 'put' | 'post' | 'delete' | 'patch';
export type Action =
  'get' | 'list' | 'put' | 'post' | 'delete' | 'deletecollection' | 'patch' | 'connect' | 'watch' | 'watchlist';

/** One method of a path. */
export interface Operation {
  method: Method;
  action: Action;
  /** Names of the schemas that go in and come out; without an answer that is anything. */
  body?: string;
  answer?: string;
  query: readonly string[];
}

/** What an operation is about. */
export type Kind = Pick<ResourceInfo, 'group' | 'version' | 'kind'>;

/** Query parameters that are no text. */
const typesOf: ReadonlyMap<string, string> = new Map(
  Object.entries({
    boolean: 'force watch allowWatchBookmarks sendInitialEvents stdin stdout stderr tty follow previous timestamps',
    integer: 'limit timeoutSeconds gracePeriodSeconds sinceSeconds tailLines limitBytes ports',
  }).flatMap(([type, names]) => names.split(' ').map((name) => [name, type] as const)),
);

/**
 * Without the strategic merge patch, though it is served: clients that see it here make patches from this document
 * instead of from what they know, and those differ in small ways.
 */
const patchTypes = ['application/apply-patch+yaml', 'application/json-patch+json', 'application/merge-patch+json'];

/** A path with its operations; what is in braces are its parameters. */
export function pathItem(path: string, kind: Kind, operations: readonly Operation[]): Json {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const parameters = names.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));
  const entries = operations.map((operation) => [operation.method, describeOperation(path, kind, operation)]);
  return { ...(Object.fromEntries(entries) as Json), ...(parameters.length > 0 && { parameters }) };
}

function describeOperation(path: string, { group, version, kind }: Kind, operation: Operation): Json {
  const { method, action, query } = operation;
  // A connection may be asked for by several methods.
  const verb = action === 'connect' ? `${method}Connect` : action;
  return {
    operationId: `${verb}${path.replaceAll(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`,
    summary: `${action} ${kind}`,
    description: `${action} ${kind}`,
    ...(query.length > 0 && { parameters: query.map(queryParameter) }),
    ...requestBody(operation),
    responses: { 200: { description: 'OK', content: answerContent(operation) } },
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
  };
}

function answerContent({ answer }: Operation): Json {
  if (answer === undefined) return { '*/*': { schema: { type: 'string' } } };
  return { 'application/json': { schema: refTo(answer) } };
}

function requestBody({ action, body }: Operation): Json {
  if (body === undefined) return {};
  const types = action === 'patch' ? patchTypes : ['application/json', 'application/yaml'];
  const content = Object.fromEntries(types.map((type) => [type, { schema: refTo(body) }]));
  return { requestBody: { content, ...(body !== deleteOptionsName && { required: true }) } };
}

function queryParameter(name: string): Json {
  return { name, in: 'query', schema: { type: typesOf.get(name) ?? 'string', uniqueItems: true } };
}
