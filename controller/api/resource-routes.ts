import { allows, measured } from '../../shared/objects/resources.ts';
import { attributesOf } from './access/attributes.ts';
import type { Authorizer } from './access/authorizer.ts';
import { createToken } from './access/tokens/token-request.ts';
import { answerReview } from './access/reviews/review-routes.ts';
import type { ApiDeps } from './deps.ts';
import type { ApiRequest } from './http/api-request.ts';
import { MethodNotAllowed } from './http/method-not-allowed.ts';
import type { Reply } from './http/reply.ts';
import { servedInfo, verbOf, type ResourceTarget, type Verb } from './resource-path.ts';
import { getMeasured, listMeasured } from './measured/measured-routes.ts';
import { bindPod } from './subresources/binding.ts';
import { evictPod } from './subresources/eviction.ts';
import { finalizeNamespace } from './subresources/finalize.ts';
import { attachToPod, execInPod } from './subresources/pod-exec.ts';
import { readPodLog } from './subresources/pod-log.ts';
import { forwardPorts } from './subresources/port-forward.ts';
import { proxy } from './subresources/proxy/proxy-routes.ts';
import { ScaleRoutes } from './subresources/scale-routes.ts';
import { createObject } from './verbs/create.ts';
import { deleteCollection, deleteOne } from './verbs/delete.ts';
import { patchObject } from './verbs/patch.ts';
import { PinnedLists } from './verbs/pinned-lists.ts';
import { getObject, listObjects } from './verbs/read.ts';
import { updateObject } from './verbs/update.ts';
import { watchObjects } from './verbs/watch.ts';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
type Handler = (request: ApiRequest, target: ResourceTarget) => Reply | Promise<Reply>;

/** The verbs of every resource and subresource. */
export class ResourceRoutes {
  readonly #authorizer: Authorizer;
  readonly #pins: PinnedLists;
  readonly #objects: Partial<Record<Verb, Handler>>;
  readonly #reviews: Partial<Record<Verb, Handler>>;
  readonly #measured: Partial<Record<Verb, Handler>>;
  readonly #subresources: Readonly<Record<string, Partial<Record<Verb, Handler>>>>;

  constructor(deps: ApiDeps) {
    this.#authorizer = deps.authorizer;
    this.#pins = new PinnedLists(deps.clock);
    const bind = (handler: (deps: ApiDeps, request: ApiRequest, target: ResourceTarget) => Reply | Promise<Reply>) => {
      return (request: ApiRequest, target: ResourceTarget) => handler(deps, request, target);
    };
    this.#objects = {
      get: bind(getObject),
      list: (request, target) => listObjects(deps, this.#pins, request, target),
      watch: bind(watchObjects),
      create: bind(createObject),
      update: bind(updateObject),
      patch: bind(patchObject),
      delete: bind(deleteOne),
      deletecollection: bind(deleteCollection),
    };
    this.#reviews = { create: bind(answerReview) };
    this.#measured = { get: bind(getMeasured), list: bind(listMeasured) };
    const scale = new ScaleRoutes(deps);
    const part = { get: bind(getObject), update: bind(updateObject), patch: bind(patchObject) };
    this.#subresources = {
      status: part,
      ephemeralcontainers: part,
      resize: part,
      scale: {
        get: (request, target) => scale.get(request, target),
        update: (request, target) => scale.update(request, target),
        patch: (request, target) => scale.patch(request, target),
      },
      finalize: { update: bind(finalizeNamespace) },
      token: { create: bind(createToken) },
      binding: { create: bind(bindPod) },
      eviction: { create: bind(evictPod) },
      log: { get: bind(readPodLog) },
      exec: { get: bind(execInPod), create: bind(execInPod) },
      attach: { get: bind(attachToPod), create: bind(attachToPod) },
      portforward: { get: bind(forwardPorts), create: bind(forwardPorts) },
      proxy: {
        get: bind(proxy),
        create: bind(proxy),
        update: bind(proxy),
        patch: bind(proxy),
        delete: bind(proxy),
      },
    };
  }

  /** Throws MethodNotAllowed for a method that has no meaning there. */
  async answer(request: ApiRequest, target: ResourceTarget): Promise<Reply> {
    const { info, subresource } = target;
    const verb = verbOf(request.method, target, request.flag('watch'));
    const resource = subresource === undefined ? info.plural : `${info.plural}/${subresource}`;
    request.notes.labels = { verb: verb ?? 'other', resource };
    const handlers = subresource === undefined ? this.#handlersOf(target) : (this.#subresources[subresource] ?? {});
    const handler = verb && handlers[verb];
    if (verb === undefined || handler === undefined) {
      const allowed = methods.filter((method) => {
        const meant = verbOf(method, target, false);
        return meant !== undefined && handlers[meant] !== undefined;
      });
      throw new MethodNotAllowed(allowed, { kind: info.plural });
    }
    this.#authorizer.require(request.user, attributesOf(verb, { ...target, info: servedInfo(target) }, request.query));
    return handler(request, target);
  }

  #handlersOf({ info }: ResourceTarget): Partial<Record<Verb, Handler>> {
    if (measured.includes(info)) return this.#measured;
    if (info.verbs === undefined) return this.#objects;
    const all = allows(info, 'get') ? this.#objects : this.#reviews;
    return Object.fromEntries(Object.entries(all).filter(([verb]) => allows(info, verb)));
  }
}
