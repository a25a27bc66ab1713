import { ApiError } from '../../shared/errors.ts';
import type { ExtensionRoute } from './deps.ts';
import type { ApiRequest } from './http/api-request.ts';
import { MethodNotAllowed } from './http/method-not-allowed.ts';
import { jsonReply, type Reply } from './http/reply.ts';

export interface MatchedRoute {
  route: ExtensionRoute;
  params: Readonly<Record<string, string>>;
}

/** The route for a request, or undefined. Throws MethodNotAllowed when the path has routes for other methods only. */
export function matchRoute(
  routes: readonly ExtensionRoute[],
  method: string,
  segments: readonly string[],
): MatchedRoute | undefined {
  const matching = routes.flatMap((route) => {
    const params = matchPath(route.path, segments);
    return params === undefined ? [] : [{ route, params }];
  });
  const match = matching.find(({ route }) => route.method === method);
  if (match === undefined && matching.length > 0) {
    throw new MethodNotAllowed(matching.map(({ route }) => route.method));
  }
  return match;
}

/** Runs a route's handler. */
export async function answerRoute({ route, params }: MatchedRoute, request: ApiRequest): Promise<Reply> {
  const { method, query, user, signal } = request;
  const bytes = method === 'GET' ? new Uint8Array() : await request.body();
  const body = bytes.byteLength === 0 ? undefined : parseJson(bytes);
  const result = await route.handler(body, { method, params, query, user, signal });
  return jsonReply(200, result ?? {});
}

function matchPath(path: string, segments: readonly string[]): Record<string, string> | undefined {
  const parts = path.slice(1).split('/');
  if (parts.length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, part] of parts.entries()) {
    const segment = segments[at] ?? '';
    if (part.startsWith(':') && segment !== '') params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    throw new ApiError('BadRequest', 'the body is not valid JSON', {}, { cause: error });
  }
}
