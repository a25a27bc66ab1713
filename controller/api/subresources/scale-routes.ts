import { apiVersionOf } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { applyPatch, patchTypes } from '../patch/patch.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { readBody, readPatch, types } from '../verbs/codec.ts';
import { placeObject, placeReplacement } from '../verbs/metadata.ts';
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
    if (patchTypes[request.contentType] === 'apply') return this.#apply(request, target, options);
    const patch = await readPatch(request, { info: scaleInfo }, options, 'scale');
    return this.#write(request, target, options, (current) => patch.apply(scaleOf(current), this.#deps.clock.now()));
  }

  /** What is applied to the Scale is applied to the replicas of its object, where others own them or not. */
  async #apply(request: ApiRequest, target: ResourceTarget, options: WriteOptions): Promise<Reply> {
    const reply = this.#representation(request);
    const { info } = target;
    const scale = await readBody<Scalable>(request, 'Scale', options.fieldValidation);
    const { spec } = scale;
    const { metadata } = placeObject(scale, target);
    const body = { apiVersion: apiVersionOf(info), kind: info.kind, metadata, ...(spec && { spec }) };
    const fieldManager = options.hasFieldManager ? options.fieldManager : '';
    const patch = { type: 'apply' as const, info, body, fieldManager, force: options.force, subresource: 'scale' };
    const change = (current: KubeObject): KubeObject => {
      withReplicas(current, { ...current, ...(spec && { spec }) });
      return applyPatch(current, patch, types, this.#deps.clock.now());
    };
    const stored = await replaceObject({ deps: this.#deps, request, target, options }, change, 'Apply');
    return reply(stored);
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
