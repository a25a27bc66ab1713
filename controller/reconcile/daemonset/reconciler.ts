import { isDeepStrictEqual } from 'node:util';
import { findCondition } from '../../../shared/objects/conditions.ts';
import { hasReason } from '../../../shared/errors.ts';
import { scaleIntOrPercent } from '../../../shared/objects/int-or-percent.ts';
import { matchesLabels, requirementsOf, selects } from '../../../shared/objects/selector.ts';
import type { KubeObject, Namespace } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import { claimChildren } from '../claim.ts';
import type { ReconcileDeps } from '../deps.ts';
import { isNodeLost, type NodeObject } from '../node-state.ts';
import { OrphanIndex } from '../orphans.ts';
import { controllerOf } from '../owners.ts';
import { createPods, deletePods, maxCreations } from '../pod-changes.ts';
import { isFinished, isReady, isTerminating, type PodObject, untilAvailable } from '../pod-state.ts';
import { podsOwnedBy } from '../pods-owned-by.ts';
import { keyOf, Runner, splitKey } from '../runner.ts';
import { type DaemonSetObject, hashLabel, judgeNode, labelsOf, nodeOf, orderOf } from './daemon-pod.ts';
import { countDaemons, type DaemonNode, type DaemonPlan, type DaemonPod, planDaemons } from './plan.ts';
import { ensureRevision, hashOf, removeOldRevisions, type RevisionObject, revisionResource } from './revisions.ts';

const resource = 'daemonsets.apps';
const component = 'daemonset-controller';
/** After this long without a failure a node is trusted again: twice the longest wait. */
const forgivenAfterMs = 1_800_000;

type Failures = Map<string, { count: number; at: number }>;

/** Runs one pod of each DaemonSet on every node that suits it, and rolls changes of its template out. */
export class DaemonSetReconciler {
  readonly #deps: ReconcileDeps;
  readonly #pods: OrphanIndex<PodObject>;
  readonly #revisions: OrphanIndex<RevisionObject>;
  /** Failed pods removed in a row, by DaemonSet and node: how long the next one stays. */
  readonly #failures = new Map<string, Failures>();

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
    this.#pods = new OrphanIndex(deps.store, 'pods');
    this.#revisions = new OrphanIndex(deps.store, revisionResource);
  }

  run(scope: Scope): void {
    const runner = new Runner('daemonset', (key) => this.reconcile(key), this.#deps, scope);
    const follower = {
      resources: [resource, revisionResource, 'pods', 'nodes'],
      reset: () => [this.#pods, this.#revisions].forEach((index) => index.reset()),
      apply: (change: Change) => this.#keysOf(change).forEach((key) => runner.add(key)),
    };
    startFollowing(this.#deps, follower, scope);
  }

  async reconcile(key: string): Promise<number | undefined> {
    const { store } = this.#deps;
    const { namespace, name } = splitKey(key);
    const set = store.get<DaemonSetObject>(resource, namespace, name);
    if (set === undefined) {
      this.#failures.delete(key);
      return undefined;
    }
    if (!selectsOwnPods(set)) return this.#refuse(set);
    const pods = await claimChildren(store, 'pods', set, this.#pods.list(namespace));
    const revisions = await claimChildren(store, revisionResource, set, this.#revisions.list(namespace));
    if (this.#isLeaving(set)) {
      const hash = revisions.toSorted((a, b) => b.revision - a.revision).map(hashOf)[0] ?? '';
      await this.#writeStatus(set, this.#observe(set, pods, hash));
      return undefined;
    }
    const current = await this.#ensureRevision(set, revisions);
    const before = this.#observe(set, pods, hashOf(current));
    const plan = planDaemons({ nodes: before, ...budgetOf(set, before), now: this.#deps.clock.now() });
    const failure = await this.#apply(set, current, plan, this.#strandedPods(pods));
    const left = podsOwnedBy(store, set.metadata.uid ?? '');
    await this.#writeStatus(set, this.#observe(set, left, hashOf(current)));
    if (failure !== undefined) throw failure.error;
    const old = revisions.filter(({ metadata }) => metadata.uid !== current.metadata.uid);
    const inUse = new Set(left.map(({ metadata }) => metadata.labels?.[hashLabel] ?? ''));
    await removeOldRevisions(store, set.spec?.revisionHistoryLimit ?? 10, old, inUse);
    return this.#nextLook(set, left, plan);
  }

  /** All that is made would be released at once, and made again without end. */
  #refuse(set: DaemonSetObject): undefined {
    const message =
      'spec.selector does not match the labels of spec.template and of revisions: nothing is made until it does';
    this.#deps.events.record(set, 'Warning', 'FailedCreate', message, component);
  }

  /** Nothing new comes of what is being deleted, nor into a namespace that is. */
  #isLeaving({ metadata }: DaemonSetObject): boolean {
    const namespace = this.#deps.store.get<KubeObject & Namespace>('namespaces', '', metadata.namespace ?? '');
    return metadata.deletionTimestamp !== undefined || namespace?.metadata.deletionTimestamp !== undefined;
  }

  async #ensureRevision(set: DaemonSetObject, revisions: readonly RevisionObject[]): Promise<RevisionObject> {
    const { store } = this.#deps;
    try {
      return await ensureRevision(store, set, revisions);
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) {
        const collisionCount = (set.status?.collisionCount ?? 0) + 1;
        await this.#modifyStatus(set, (status) => ({ ...status, collisionCount }));
      }
      throw error;
    }
  }

  #observe(set: DaemonSetObject, pods: readonly PodObject[], hash: string): DaemonNode[] {
    const { store, clock } = this.#deps;
    const failures = this.#failures.get(keyOf(set.metadata));
    const byNode = Map.groupBy(pods, nodeOf);
    return store.list<NodeObject>('nodes').items.map((node) => {
      const { name } = node.metadata;
      const failed = failures?.get(name);
      return {
        name,
        ...judgeNode(set.spec?.template ?? {}, node),
        isLost: isNodeLost(node),
        pods: (byNode.get(name) ?? []).map((pod) => observePod(pod, hash, set.spec?.minReadySeconds ?? 0, clock.now())),
        ...(failed && clock.now() - failed.at < forgivenAfterMs && { failures: failed }),
      };
    });
  }

  /** Pods that wait for a node that is gone. */
  #strandedPods(pods: readonly PodObject[]): PodObject[] {
    return pods.filter((pod) => {
      if (pod.spec?.nodeName || isTerminating(pod)) return false;
      const node = nodeOf(pod);
      return node === undefined || this.#deps.store.get('nodes', '', node) === undefined;
    });
  }

  async #apply(
    set: DaemonSetObject,
    current: RevisionObject,
    plan: DaemonPlan,
    stranded: readonly PodObject[],
  ): ReturnType<typeof createPods> {
    const deps = { ...this.#deps, component };
    this.#noteEnded(set, plan);
    const deleted = await deletePods(deps, set, [...plan.delete, ...stranded.map(({ metadata }) => metadata.name)]);
    const identity = { hash: hashOf(current), revision: current.revision };
    const orders = plan.create.map((node) => orderOf(this.#deps.store, set, node, identity));
    const created = await createPods(deps, set, orders);
    return deleted ?? created;
  }

  /** The more pods have failed on a node one after the other, the longer the next failed one stays. */
  #noteEnded(set: DaemonSetObject, { ended }: DaemonPlan): void {
    if (ended.length === 0) return;
    const { events, clock } = this.#deps;
    const key = keyOf(set.metadata);
    const now = clock.now();
    const failures: Failures = new Map(
      [...(this.#failures.get(key) ?? [])].filter(([, { at }]) => now - at < forgivenAfterMs),
    );
    for (const { node, pod } of ended) {
      const [type, reason, word] =
        pod.phase === 'failed'
          ? (['Warning', 'FailedDaemonPod', 'failed'] as const)
          : (['Normal', 'SucceededDaemonPod', 'succeeded'] as const);
      const name = `${set.metadata.namespace ?? ''}/${pod.name}`;
      events.record(
        set,
        type,
        reason,
        `Found ${word} daemon pod ${name} on node ${node}, will try to delete it`,
        component,
      );
      if (pod.phase === 'failed') failures.set(node, { count: (failures.get(node)?.count ?? 0) + 1, at: now });
    }
    this.#failures.set(key, failures);
  }

  async #writeStatus(set: DaemonSetObject, nodes: readonly DaemonNode[]): Promise<void> {
    const { generation: observedGeneration } = set.metadata;
    const counts = countDaemons(nodes);
    const next = (status: DaemonSetObject['status']): DaemonSetObject['status'] => ({
      ...(status?.collisionCount !== undefined && { collisionCount: status.collisionCount }),
      ...(status?.conditions !== undefined && { conditions: status.conditions }),
      ...counts,
      observedGeneration,
    });
    if (!isDeepStrictEqual(set.status, next(set.status))) await this.#modifyStatus(set, next);
  }

  async #modifyStatus(
    { metadata }: DaemonSetObject,
    change: (status: DaemonSetObject['status']) => unknown,
  ): Promise<void> {
    const { namespace = '', name, uid } = metadata;
    try {
      await this.#deps.store.modify<DaemonSetObject>(resource, namespace, name, (fresh) => {
        const status = change(fresh.status) as DaemonSetObject['status'];
        return fresh.metadata.uid === uid ? { ...fresh, status } : undefined;
      });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  #nextLook({ spec }: DaemonSetObject, pods: readonly PodObject[], plan: DaemonPlan): number | undefined {
    const now = this.#deps.clock.now();
    const waits = pods.flatMap((pod) => untilAvailable(pod, spec?.minReadySeconds ?? 0, now) || []);
    if (plan.create.length > maxCreations) return 0;
    const next = Math.min(plan.againMs ?? Infinity, ...waits);
    return next === Infinity ? undefined : next;
  }

  #keysOf(change: Change): string[] {
    const { store } = this.#deps;
    switch (change.key.resource) {
      case resource:
        return [keyOf(change.key)];
      case 'nodes':
        return isSameForDaemons(change) ? [] : store.list(resource).items.map(({ metadata }) => keyOf(metadata));
      default: {
        (change.key.resource === 'pods' ? this.#pods : this.#revisions).apply(change);
        const owners = [change.object, change.previous].flatMap((child) => (child && ownerKey(child)) ?? []);
        return controllerOf(change.object) === undefined ? [...owners, ...this.#selecting(change.object)] : owners;
      }
    }
  }

  /** Those that might adopt this child. */
  #selecting({ metadata }: KubeObject): string[] {
    const { items } = this.#deps.store.list<DaemonSetObject>(resource, { namespace: metadata.namespace ?? '' });
    return items.filter(({ spec }) => selects(spec?.selector, metadata.labels)).map((set) => keyOf(set.metadata));
  }
}

function observePod(pod: PodObject, hash: string, minReadySeconds: number, now: number): DaemonPod {
  return {
    name: pod.metadata.name,
    phase: isFinished(pod) ? (pod.status?.phase === 'Succeeded' ? 'succeeded' : 'failed') : 'active',
    isCurrent: pod.metadata.labels?.[hashLabel] === hash,
    isTerminating: isTerminating(pod),
    isReady: isReady(pod),
    isAvailable: untilAvailable(pod, minReadySeconds, now) === 0,
    createdAt: Date.parse(pod.metadata.creationTimestamp ?? '') || 0,
  };
}

/** How far a rollout may go at once. Nothing is replaced by itself with `OnDelete`. */
function budgetOf(
  { spec }: DaemonSetObject,
  nodes: readonly DaemonNode[],
): { maxUnavailable: number; maxSurge: number } {
  const { type, rollingUpdate } = spec?.updateStrategy ?? {};
  if (type === 'OnDelete') return { maxUnavailable: 0, maxSurge: 0 };
  const desired = nodes.filter(({ shouldRun }) => shouldRun).length;
  const maxSurge = scaleIntOrPercent(rollingUpdate?.maxSurge ?? 0, desired, 'up');
  const maxUnavailable = scaleIntOrPercent(rollingUpdate?.maxUnavailable ?? 1, desired, 'up');
  return { maxSurge, maxUnavailable: maxSurge > 0 ? 0 : Math.max(1, maxUnavailable) };
}

function selectsOwnPods({ spec }: DaemonSetObject): boolean {
  const requirements = requirementsOf(spec?.selector) ?? [];
  const labels = labelsOf(spec?.template, { hash: '', revision: 0 });
  return (
    requirements.length > 0 &&
    [labels, spec?.template?.metadata?.labels].every((own) => matchesLabels(requirements, own))
  );
}

function ownerKey({ metadata, ...child }: KubeObject): string | undefined {
  const owner = controllerOf({ metadata, ...child });
  return owner?.kind === 'DaemonSet' ? keyOf({ namespace: metadata.namespace, name: owner.name }) : undefined;
}

/** Heartbeats say nothing new. */
function isSameForDaemons({ type, object, previous }: Change): boolean {
  if (type !== 'MODIFIED' || previous === undefined) return false;
  const relevant = ({ metadata, spec, status }: NodeObject): unknown[] => [
    metadata.labels,
    spec,
    findCondition(status?.conditions, 'Ready')?.status,
  ];
  return isDeepStrictEqual(relevant(object as NodeObject), relevant(previous as NodeObject));
}
