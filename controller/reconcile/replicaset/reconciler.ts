import { isDeepStrictEqual } from 'node:util';
import { backoffMs } from '../../../shared/backoff.ts';
import { rfc3339 } from '../../../shared/clock.ts';
import { hasReason, messageOf } from '../../../shared/errors.ts';
import { podSelectorOf, selects } from '../../../shared/objects/selector.ts';
import type { KubeObject, Namespace, ReplicaSetStatus } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import type { Change } from '../../store/store.ts';
import { checkSelected, claimChildren } from '../claim.ts';
import { withCondition, withoutCondition } from '../../../shared/objects/conditions.ts';
import type { ReconcileDeps } from '../deps.ts';
import { startFollowing } from '../../store/follow.ts';
import { isNodeLost } from '../node-state.ts';
import type { NodeObject } from '../node-state.ts';
import { OrphanIndex } from '../orphans.ts';
import { controllerOf } from '../owners.ts';
import { createPods, deletePods, maxCreations, type StepFailure } from '../pod-changes.ts';
import { podFromTemplate } from '../pod-from-template.ts';
import { isFinished, isTerminating } from '../pod-state.ts';
import type { PodObject } from '../pod-state.ts';
import { podsOwnedBy } from '../pods-owned-by.ts';
import { keyOf, Runner, splitKey } from '../runner.ts';
import { countReplicas, observeReplicas, untilNextAvailable } from './observe.ts';
import type { ReplicaSetObject } from './observe.ts';
import { planReplicas } from './plan.ts';
import type { Replica } from './plan.ts';
import { asReplicaSet, replicaSets } from './replica-kind.ts';
import type { ReplicaKind } from './replica-kind.ts';

/** Keeps as many live pods per object of a kind as that wants. Writes its status, and the pods it controls. */
export class ReplicaSetReconciler {
  readonly #deps: ReconcileDeps;
  readonly #kind: ReplicaKind;
  readonly #orphans: OrphanIndex<PodObject>;

  constructor(deps: ReconcileDeps, kind: ReplicaKind = replicaSets) {
    this.#deps = deps;
    this.#kind = kind;
    this.#orphans = new OrphanIndex(deps.store, 'pods');
  }

  run(scope: Scope): void {
    const runner = new Runner(this.#kind.controller, (key) => this.reconcile(key), this.#deps, scope);
    const follower = {
      resources: [this.#kind.resource, 'pods', 'nodes'],
      reset: () => this.#orphans.reset(),
      apply: (change: Change) => this.#keysOf(change).forEach((key) => runner.add(key)),
    };
    startFollowing(this.#deps, follower, scope);
  }

  async reconcile(key: string): Promise<number | undefined> {
    const { store } = this.#deps;
    const { namespace, name } = splitKey(key);
    const stored = store.get(this.#kind.resource, namespace, name);
    if (stored === undefined) return undefined;
    const set = asReplicaSet(stored);
    const pods = await claimChildren(store, 'pods', set, this.#orphans.list(namespace));
    const failure = await this.#applyPlan(set, pods);
    const left = this.#podsOf(set);
    await this.#writeStatus(set, left, failure);
    if (failure !== undefined) throw failure.error;
    const now = this.#deps.clock.now();
    const delays = [untilNextAvailable(left, set.spec?.minReadySeconds ?? 0, now), untilReplaced(set, left, now)];
    const next = Math.min(...delays.map((delay) => delay ?? Infinity));
    return next === Infinity ? undefined : next;
  }

  async #applyPlan(set: ReplicaSetObject, pods: readonly PodObject[]): Promise<StepFailure | undefined> {
    if (set.metadata.deletionTimestamp !== undefined) return undefined;
    const steps = planReplicas(set.spec?.replicas ?? 1, this.#observe(set, pods));
    const deps = { ...this.#deps, component: this.#kind.component };
    const template = set.spec?.template ?? {};
    const make = (name: string): PodObject => {
      checkSelected(set.spec?.selector, template.metadata?.labels);
      return podFromTemplate(this.#deps.store, set, template, name);
    };
    const wanted = steps.reduce((sum, step) => (step.do === 'create' ? sum + step.count : sum), 0);
    const mustWait = this.#isEmptied(set) || untilReplaced(set, pods, this.#deps.clock.now()) !== undefined;
    const count = mustWait ? 0 : Math.min(wanted, maxCreations);
    const orders = Array.from({ length: count }, () => ({ base: set.metadata.name, make }));
    const created = await createPods(deps, set, orders);
    const surplus = steps.flatMap((step) => (step.do === 'delete' ? [step.name] : []));
    const deleted = await deletePods(deps, set, surplus);
    return created ?? deleted;
  }

  /** Nothing new comes into a namespace that is being deleted. */
  #isEmptied({ metadata }: ReplicaSetObject): boolean {
    const namespace = this.#deps.store.get<KubeObject & Namespace>('namespaces', '', metadata.namespace ?? '');
    return namespace?.metadata.deletionTimestamp !== undefined;
  }

  #podsOf(set: ReplicaSetObject): PodObject[] {
    return podsOwnedBy(this.#deps.store, set.metadata.uid ?? '');
  }

  #observe(set: ReplicaSetObject, pods: readonly PodObject[]): Replica[] {
    const { store, clock } = this.#deps;
    const neighbours = lazily(() => countByNode(this.#related(set)));
    const hasSurplus = pods.length > (set.spec?.replicas ?? 1);
    return observeReplicas({
      pods,
      podsOnNode: (node) => (hasSurplus ? (neighbours().get(node) ?? 0) : 0),
      findNode: (name) => store.get<NodeObject>('nodes', '', name),
      minReadySeconds: set.spec?.minReadySeconds ?? 0,
      now: clock.now(),
    });
  }

  /** The pods of the whole application: of all ReplicaSets that have the same controller. */
  #related(set: ReplicaSetObject): PodObject[] {
    const owner = controllerOf(set);
    if (owner === undefined) return this.#podsOf(set);
    const siblings = this.#deps.store.dependents(owner.uid).filter(({ key }) => key.resource === this.#kind.resource);
    return siblings.flatMap(({ object }) => podsOwnedBy(this.#deps.store, object.metadata.uid ?? ''));
  }

  async #writeStatus(
    set: ReplicaSetObject,
    pods: readonly PodObject[],
    failure: StepFailure | undefined,
  ): Promise<void> {
    const { store, clock } = this.#deps;
    const { namespace, name, generation, uid } = set.metadata;
    const counts = countReplicas(set, pods, this.#observe(set, pods));
    const now = rfc3339(clock.now());
    const next = (current: ReplicaSetStatus | undefined): ReplicaSetStatus => {
      const conditions = [...failureCondition(current?.conditions, failure, now)];
      return { ...counts, observedGeneration: generation, ...(conditions.length > 0 && { conditions }) };
    };
    if (isDeepStrictEqual(set.status, next(set.status))) return;
    try {
      await store.modify<ReplicaSetObject>(this.#kind.resource, namespace ?? '', name, (current) => {
        return current.metadata.uid === uid ? { ...current, status: next(current.status) } : undefined;
      });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  #keysOf(change: Change): string[] {
    if (change.key.resource === this.#kind.resource) return [keyOf(change.key)];
    if (change.key.resource === 'nodes') return this.#keysOfNode(change);
    this.#orphans.apply(change);
    const owners = [change.object, change.previous].flatMap((pod) => (pod && this.#ownerKey(pod)) ?? []);
    return controllerOf(change.object) === undefined ? [...owners, ...this.#selecting(change.object)] : owners;
  }

  /** Those that might adopt this pod. */
  #selecting({ metadata }: KubeObject): string[] {
    const { items } = this.#deps.store.list(this.#kind.resource, { namespace: metadata.namespace ?? '' });
    return items.filter((set) => selects(podSelectorOf(set), metadata.labels)).map((set) => keyOf(set.metadata));
  }

  #ownerKey(pod: KubeObject): string | undefined {
    const owner = controllerOf(pod);
    if (owner?.kind !== this.#kind.kind) return undefined;
    return keyOf({ namespace: pod.metadata.namespace, name: owner.name });
  }

  /** Only when a node is lost or returns does it matter to its pods' owners. */
  #keysOfNode({ type, key, object, previous }: Change): string[] {
    const isLost = type === 'DELETED' || isNodeLost(object as NodeObject);
    const wasLost = previous === undefined ? type !== 'DELETED' : isNodeLost(previous as NodeObject);
    if (isLost === wasLost) return [];
    const { items } = this.#deps.store.list<PodObject>('pods');
    return items.filter(({ spec }) => spec?.nodeName === key.name).flatMap((pod) => this.#ownerKey(pod) ?? []);
  }
}

/**
 * The milliseconds until pods that have failed are replaced; undefined when nothing has to wait. What a node refuses, it
 * refuses again and at once: the more pods have failed, the longer the next ones wait.
 */
function untilReplaced({ spec }: ReplicaSetObject, pods: readonly PodObject[], now: number): number | undefined {
  const finished = pods.filter((pod) => isFinished(pod) && !isTerminating(pod));
  const rounds = Math.floor(finished.length / Math.max(1, spec?.replicas ?? 1));
  const newest = Math.max(0, ...finished.map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '')));
  const delay = newest + backoffMs(rounds - 1, { initialMs: 1000, maxMs: 300_000 }) - now;
  return delay > 0 ? delay : undefined;
}

/** Counting an application's pods costs time with each of them, and only who gives some up wants to know. */
function lazily<T>(compute: () => T): () => T {
  let value: { computed: T } | undefined;
  return () => (value ??= { computed: compute() }).computed;
}

function countByNode(pods: readonly PodObject[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const pod of pods) {
    const node = pod.spec?.nodeName;
    if (node === undefined || isTerminating(pod) || isFinished(pod)) continue;
    counts.set(node, (counts.get(node) ?? 0) + 1);
  }
  return counts;
}

function failureCondition(
  conditions: ReplicaSetStatus['conditions'],
  failure: StepFailure | undefined,
  now: string,
): NonNullable<Readonly<ReplicaSetStatus['conditions']>> {
  const type = 'ReplicaFailure';
  if (failure === undefined) return [...withoutCondition(conditions, type)];
  const { reason, error } = failure;
  return [
    ...withCondition(conditions, { type, status: 'True', reason, message: messageOf(error), lastTransitionTime: now }),
  ];
}
