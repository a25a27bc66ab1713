import { rfc3339 } from '../../../shared/clock.ts';
import { apiVersionOf, resourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import { notFound, type ResourceTarget } from '../resource-path.ts';
import { Representation } from '../verbs/representation.ts';
import { Selection } from '../verbs/selection.ts';
import type { Usage } from './resource-usage.ts';

/** GET of a collection of `metrics.k8s.io`: those of the stored objects that are measured. */
export function listMeasured(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Reply {
  const { info } = target;
  const form = negotiateForm(request.headers.accept, 'list');
  const selection = new Selection(target, request.query);
  const { items } = deps.store.list(info.plural, { namespace: target.namespace });
  const measured = measuredOf(
    deps,
    target,
    items.filter((each) => selection.has(each)),
  );
  return jsonReply(200, new Representation(target, form, request.query, deps.clock).list(measured, {}));
}

/** GET of one object of `metrics.k8s.io`. Throws NotFound for what is not there, or not measured yet. */
export function getMeasured(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Reply {
  const { info, namespace, name = '' } = target;
  const form = negotiateForm(request.headers.accept, 'object');
  const object = deps.store.get(info.plural, namespace, name);
  const [measured] = object === undefined ? [] : measuredOf(deps, target, [object]);
  if (measured === undefined) throw notFound(info, info.namespaced ? `${namespace}/${name}` : name);
  return jsonReply(200, new Representation(target, form, request.query, deps.clock).object(measured));
}

function measuredOf(deps: ApiDeps, { info }: ResourceTarget, objects: readonly KubeObject[]): KubeObject[] {
  const pods = resourceName(info) === 'pods.metrics.k8s.io' ? deps.usage.pods() : undefined;
  return objects.flatMap(({ metadata: { name, namespace, labels, uid = '' } }) => {
    const containers = pods?.get(uid)?.map((used) => ({ name: used.name, usage: amountsOf(used) }));
    const used = pods === undefined ? deps.usage.node(name) : pods.get(uid)?.[0];
    if (used === undefined) return [];
    const { at, windowMs } = used;
    const creationTimestamp = rfc3339(at);
    const metadata = { name, ...(namespace && { namespace }), creationTimestamp, ...(labels && { labels }) };
    const time = { timestamp: creationTimestamp, window: `${windowMs / 1_000}s` };
    const amounts = containers === undefined ? { usage: amountsOf(used) } : { containers };
    return [{ kind: info.kind, apiVersion: apiVersionOf(info), metadata, ...time, ...amounts }];
  });
}

/** In the units of metrics-server: nanocores and kibibytes. */
function amountsOf({ cpu, memoryBytes }: Usage): { cpu: string; memory: string } {
  const nanocores = Math.round(cpu * 1e9);
  return { cpu: nanocores === 0 ? '0' : `${nanocores}n`, memory: `${Math.round(memoryBytes / 1024)}Ki` };
}
