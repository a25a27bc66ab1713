import { isDeepStrictEqual } from 'node:util';
import { hasReason } from '../../../shared/errors.ts';
import type { KubeObject, Service } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { deleteObject } from '../../store/deletion.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import type { NodeObject } from '../node-state.ts';
import { controllerReference } from '../owners.ts';
import { isReady, type PodObject } from '../pod-state.ts';
import { randomName } from '../random-name.ts';
import { keyOf, Runner, splitKey } from '../runner.ts';
import { type EndpointsObject, isMirrored, targetsOf } from './mirror.ts';
import { type SliceObject, type SliceStep, planSlices } from './slices.ts';
import { maxAddresses, subsetsOf } from './subsets.ts';
import { isAddressed, type Target, targetOf } from './targets.ts';

type ServiceObject = KubeObject & Service;

const slices = 'endpointslices.discovery.k8s.io';
const serviceName = 'kubernetes.io/service-name';
const managedBy = 'endpointslice.kubernetes.io/managed-by';
const headless = 'service.kubernetes.io/headless';
const zoneLabel = 'topology.kubernetes.io/zone';
const overCapacity = 'endpoints.kubernetes.io/over-capacity';
/** Who made a slice, by Kubernetes' names: clients look for them, and one never touches what the other made. */
const makers = {
  pods: 'endpointslice-controller.k8s.io',
  mirror: 'endpointslicemirroring-controller.k8s.io',
} as const;
/** Of a core, at most, for a Service of thousands of pods whose readiness flaps. */
const busyShare = 0.2;

/**
 * Keeps EndpointSlices and Endpoints of Services as the readiness of their pods is, and shows Endpoints that were made
 * by hand, for Services without a selector, as slices. The key is the Service's.
 */
export class EndpointsReconciler {
  readonly #deps: ReconcileDeps;
  /** When a Service may be looked at again, on the monotonic clock. */
  readonly #restUntil = new Map<string, number>();
  /** Services that were seen to go: what was made by hand for them goes too. */
  readonly #gone = new Set<string>();

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  run(scope: Scope): void {
    const { clock } = this.#deps;
    const runner = new Runner('endpoints', (key) => this.#timed(key), this.#deps, scope);
    const apply = (change: Change): void => {
      for (const key of this.#keysOf(change)) {
        const rest = (this.#restUntil.get(key) ?? 0) - clock.monotonic();
        if (rest > 0) runner.addAfter(key, rest);
        else runner.add(key);
      }
    };
    startFollowing(this.#deps, { resources: ['services', 'endpoints', slices, 'nodes', 'pods'], apply }, scope);
  }

  async #timed(key: string): Promise<undefined> {
    const { clock } = this.#deps;
    const start = clock.monotonic();
    await this.reconcile(key);
    const end = clock.monotonic();
    const rest = (end - start) / busyShare;
    if (rest > 50) this.#restUntil.set(key, end + rest);
    else this.#restUntil.delete(key);
  }

  async reconcile(key: string): Promise<void> {
    const { store } = this.#deps;
    const { namespace, name } = splitKey(key);
    const service = store.get<ServiceObject>('services', namespace, name);
    if (service === undefined) return this.#forget(key);
    this.#gone.delete(key);
    if (service.metadata.deletionTimestamp !== undefined) return;
    const { selector, type } = service.spec ?? {};
    const isSelecting = type !== 'ExternalName' && Object.keys(selector ?? {}).length > 0;
    if (!isSelecting) return this.#mirror(service);
    const targets = this.#targets(service);
    await this.#writeSlices(service, makers.pods, service, targets);
    await this.#removeSlices(service, makers.mirror);
    await this.#writeEndpoints(service, targets);
  }

  #targets({ metadata, spec = {} }: ServiceObject): Target[] {
    const { store } = this.#deps;
    const { items } = store.list<PodObject>('pods', { namespace: metadata.namespace ?? '' });
    const selected = items.filter((pod) => isSelected(spec, pod) && isAddressed(pod));
    return selected.map((pod) => {
      const node = store.get<NodeObject>('nodes', '', pod.spec?.nodeName ?? '');
      return targetOf(pod, { name: metadata.name, spec }, node?.metadata.labels?.[zoneLabel]);
    });
  }

  /** Without a selector the places are the user's to name, by Endpoints or by slices. */
  async #mirror(service: ServiceObject): Promise<void> {
    const { namespace = '', name } = service.metadata;
    const endpoints = this.#deps.store.get<EndpointsObject>('endpoints', namespace, name);
    const isWanted = service.spec?.type !== 'ExternalName' && endpoints !== undefined && isMirrored(endpoints);
    if (service.spec?.type === 'ExternalName') await this.#removeSlices(service, makers.pods);
    if (isWanted) await this.#writeSlices(service, makers.mirror, endpoints, targetsOf(endpoints));
    else await this.#removeSlices(service, makers.mirror);
  }

  async #writeSlices(
    service: ServiceObject,
    maker: string,
    owner: KubeObject,
    targets: readonly Target[],
  ): Promise<void> {
    const { namespace, name } = service.metadata;
    const labels = {
      ...owner.metadata.labels,
      [serviceName]: name,
      [managedBy]: maker,
      ...(service.spec?.clusterIP === 'None' && { [headless]: '' }),
    };
    const metadata = { namespace, labels, ownerReferences: [controllerReference(owner)] };
    const newName = (): string => randomName(name, this.#deps.random);
    await this.#apply(planSlices({ metadata, newName }, targets, this.#slicesOf(service, maker)), namespace ?? '');
  }

  async #removeSlices(service: ServiceObject, maker: string): Promise<void> {
    const gone = this.#slicesOf(service, maker).map(({ metadata }): SliceStep => ({
      do: 'delete',
      name: metadata.name,
    }));
    await this.#apply(gone, service.metadata.namespace ?? '');
  }

  async #apply(steps: readonly SliceStep[], namespace: string): Promise<void> {
    const { store, clock } = this.#deps;
    for (const step of steps) {
      if (step.do === 'create') await store.create(slices, step.slice);
      else if (step.do === 'update') await store.update(slices, step.slice);
      else await deleteObject(store, clock, slices, namespace, step.name).catch(unlessNotFound);
    }
  }

  #slicesOf({ metadata }: ServiceObject, maker: string): SliceObject[] {
    const { items } = this.#deps.store.list<SliceObject>(slices, { namespace: metadata.namespace ?? '' });
    return items.filter(
      ({ metadata: { labels, deletionTimestamp } }) =>
        labels?.[serviceName] === metadata.name && labels[managedBy] === maker && deletionTimestamp === undefined,
    );
  }

  async #writeEndpoints({ metadata, spec = {} }: ServiceObject, targets: readonly Target[]): Promise<void> {
    const { store } = this.#deps;
    const { namespace = '', name } = metadata;
    const old = store.get<EndpointsObject>('endpoints', namespace, name);
    const labels = { ...metadata.labels, ...(spec.clusterIP === 'None' && { [headless]: '' }) };
    const annotations = {
      ...old?.metadata.annotations,
      [overCapacity]: targets.length > maxAddresses ? 'truncated' : undefined,
    };
    const subsets = subsetsOf(targets, spec);
    const next: EndpointsObject = {
      ...(old ?? { apiVersion: 'v1', kind: 'Endpoints' }),
      metadata: { ...old?.metadata, namespace, name, labels, ...defined(annotations) },
      ...(subsets.length > 0 ? { subsets } : { subsets: undefined }),
    };
    if (old === undefined) await store.create('endpoints', next);
    else if (!hasSameContent(old, next)) await store.update('endpoints', next);
  }

  /** Slices go with their owner; Endpoints have the Service's name and no owner, as in Kubernetes. */
  async #forget(key: string): Promise<void> {
    this.#restUntil.delete(key);
    if (!this.#gone.delete(key)) return;
    const { store, clock } = this.#deps;
    const { namespace, name } = splitKey(key);
    const endpoints = store.get<EndpointsObject>('endpoints', namespace, name);
    // Those that are not to be shown as slices are kept by somebody else.
    if (endpoints === undefined || !isMirrored(endpoints)) return;
    await deleteObject(store, clock, 'endpoints', namespace, name).catch(unlessNotFound);
  }

  #keysOf({ type, key, object, previous }: Change): string[] {
    switch (key.resource) {
      case 'services':
        if (type === 'DELETED') this.#gone.add(keyOf(key));
        return [keyOf(key)];
      case 'endpoints':
        return [keyOf(key)];
      case slices: {
        const { namespace, labels } = object.metadata;
        const name = labels?.[serviceName] ?? previous?.metadata.labels?.[serviceName];
        return name === undefined ? [] : [keyOf({ namespace, name })];
      }
      case 'nodes':
        return object.metadata.labels?.[zoneLabel] === previous?.metadata.labels?.[zoneLabel] || previous === undefined
          ? []
          : this.#servicesOf(this.#podsOn(key.name));
      default:
        return this.#keysOfPod(object as PodObject, previous as PodObject | undefined);
    }
  }

  #keysOfPod(pod: PodObject, previous: PodObject | undefined): string[] {
    if (previous === undefined) return this.#servicesOf([pod]);
    return isSameForServices(pod, previous) ? [] : this.#servicesOf([pod, previous]);
  }

  #podsOn(node: string): PodObject[] {
    return this.#deps.store.list<PodObject>('pods').items.filter(({ spec }) => spec?.nodeName === node);
  }

  #servicesOf(pods: readonly PodObject[]): string[] {
    const keys = pods.flatMap((pod) => {
      const { items } = this.#deps.store.list<ServiceObject>('services', { namespace: pod.metadata.namespace ?? '' });
      return items.filter(({ spec }) => isSelected(spec, pod)).map(({ metadata }) => keyOf(metadata));
    });
    return [...new Set(keys)];
  }
}

function isSelected(spec: Service['spec'], { metadata: { labels = {} } }: KubeObject): boolean {
  const wanted = Object.entries(spec?.selector ?? {});
  return wanted.length > 0 && wanted.every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}

/** Most changes of pods are of no interest: another container's state, or a probe's message. */
function isSameForServices(pod: PodObject, previous: PodObject): boolean {
  const shown = (of: PodObject): unknown => [
    isReady(of),
    of.status?.phase,
    of.status?.podIP,
    of.spec?.nodeName,
    of.metadata.deletionTimestamp,
    of.metadata.labels,
  ];
  return isDeepStrictEqual(shown(pod), shown(previous));
}

function hasSameContent(old: EndpointsObject, next: EndpointsObject): boolean {
  return (
    isDeepStrictEqual(old.subsets ?? [], next.subsets ?? []) &&
    isDeepStrictEqual(old.metadata.labels ?? {}, next.metadata.labels) &&
    isDeepStrictEqual(old.metadata.annotations, next.metadata.annotations)
  );
}

/** Annotations that have a value; none at all when there are none. */
function defined(annotations: Record<string, string | undefined>): Pick<KubeObject['metadata'], 'annotations'> {
  const entries = Object.entries(annotations).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { annotations: entries.length === 0 ? undefined : Object.fromEntries(entries) };
}

function unlessNotFound(error: unknown): void {
  if (!hasReason(error, 'NotFound')) throw error;
}
