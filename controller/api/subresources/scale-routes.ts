import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { readBody, readPatch } from '../verbs/codec.ts';
import { placeReplacement } from '../verbs/metadata.ts';
import { findObject } from '../verbs/read.ts';
import { Representation } from '../verbs/representation.ts';
import { replaceObject } from '../verbs/update.ts';
import { parseWriteOptions, type WriteOptions } from '../verbs/write-options.ts';
import { scaleInfo, scaleOf, withReplicas, type Scalable } from './scale.ts';

/** `deployments/scale`, `replicasets/scale`: replicas seen and written as an autoscaling/v1 Scale. */
export class ScaleRoutes {
  readonly #deps: ApiDeps;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
  }

  get(request: ApiRequest, target: ResourceTarget): Reply {
    return this.#representation(request)(findObject<Scalable>(this.#deps.store, target));
  }

  async update(request: ApiRequest, target: ResourceTarget): Promise<Reply> {
    const options = parseWriteOptions(request);
    const scale = await readBody<Scalable>(request, 'Scale', options.fieldValidation);
    placeReplacement(scale, target);
    return this.#write(request, target, options, () => scale);
  }

  async patch(request: ApiRequest, target: ResourceTarget): Promise<Reply> {
    const options = parseWriteOptions(request);
    const patch = await readPatch(request, { info: scaleInfo }, options, 'scale');
    return this.#write(request, target, options, (current) => patch.apply(scaleOf(current), this.#deps.clock.now()));
  }

  async #write(
    request: ApiRequest,
    target: ResourceTarget,
    options: WriteOptions,
    change: (current: Scalable) => Scalable,
  ): Promise<Reply> {
    const reply = this.#representation(request);
    const writing = { deps: this.#deps, request, target, options };
    const stored = await replaceObject(writing, (current) => withReplicas(current, change(current)));
    return reply(stored);
  }

  /** How the client wants the Scale of an object. Throws NotAcceptable. */
  #representation(request: ApiRequest): (object: Scalable) => Reply {
    const form = negotiateForm(request.headers.accept, 'object');
    const shown = new Representation({ info: scaleInfo }, form, request.query, this.#deps.clock);
    return (object) => jsonReply(200, shown.object(scaleOf(object)));
  }
}
