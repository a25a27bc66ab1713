import type { IncomingMessage } from 'node:http';
import { answerIssuerDocument } from './access/tokens/issuer-documents.ts';
import { actingUser } from './access/impersonation.ts';
import { anonymous, type User } from './access/user.ts';
import type { ApiDeps } from './deps.ts';
import { DiscoveryRoutes } from './discovery/discovery-routes.ts';
import { answerRoute, matchRoute } from './extension-routes.ts';
import { ApiRequest, parseTarget, type RequestNotes } from './http/api-request.ts';
import { MethodNotAllowed } from './http/method-not-allowed.ts';
import { textReply, type Reply } from './http/reply.ts';
import { answerOpenPath } from './open-paths.ts';
import { OpenApiRoutes } from './openapi-routes.ts';
import { parseResourcePath } from './resource-path.ts';
import { ResourceRoutes } from './resource-routes.ts';

/** Finds who answers a request, after its sender is known. */
export class Router {
  readonly #deps: ApiDeps;
  readonly #discovery = new DiscoveryRoutes();
  readonly #openApi = new OpenApiRoutes();
  readonly #resources: ResourceRoutes;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
    this.#resources = new ResourceRoutes(deps);
  }

  /** Throws ApiError for what is refused. */
  async answer(message: IncomingMessage, notes: RequestNotes, signal: AbortSignal): Promise<Reply> {
    const target = parseTarget(message.url);
    const method = message.method ?? '';
    const open = answerOpenPath(method, target, this.#deps);
    if (open !== undefined) return open;
    const matched = matchRoute(this.#deps.routes, method, target.segments);
    const isAnonymous = matched?.route.anonymous === true;
    const user = isAnonymous ? anonymous : this.#userOf(message, notes);
    const request = new ApiRequest(message, target, user, notes, signal);
    const resource = matched === undefined ? parseResourcePath(target.segments) : undefined;
    if (resource !== undefined) return this.#resources.answer(request, resource);
    const path = `/${target.segments.join('/')}`;
    if (!isAnonymous && matched?.route.checksAccess !== true)
      this.#deps.authorizer.require(user, { verb: method.toLowerCase(), path });
    if (matched !== undefined) return answerRoute(matched, request);
    const document = this.#documentFor(request);
    if (document !== undefined && method !== 'GET') throw new MethodNotAllowed(['GET']);
    return document ?? textReply(404, '404 page not found\n');
  }

  #userOf(message: IncomingMessage, notes: RequestNotes): User {
    const { authenticator, authorizer } = this.#deps;
    const sender = authenticator.authenticate(message);
    notes.sender = sender;
    const user = actingUser(authorizer, sender, message);
    if (user !== sender) notes.actsAs = user;
    return user;
  }

  #documentFor(request: ApiRequest): Reply | undefined {
    request.notes.labels = { verb: 'get', resource: '' };
    return (
      this.#discovery.answer(request) ??
      this.#openApi.answer(request) ??
      answerIssuerDocument(this.#deps.accountTokens, request)
    );
  }
}
