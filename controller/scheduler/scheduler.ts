import type { Registry } from 'prom-client';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../shared/clock.ts';
import { findCondition } from '../../shared/objects/conditions.ts';
import type { Logger } from '../../shared/log.ts';
import { claimedRequests } from '../../shared/objects/pod-requests.ts';
import type { Scope } from '../../shared/scope.ts';
import { WorkQueue } from '../../shared/workqueue.ts';
import type { EventRecorder } from '../store/event-recorder.ts';
import { startFollowing } from '../store/follow.ts';
import type { Change, Store } from '../store/store.ts';
import { bindPod, markUnschedulable } from './binding.ts';
import { decide } from './decide.ts';
import { explainMisses } from './explain.ts';
import type { NodeMisses } from './explain.ts';
import { schedulerMetrics } from './metrics.ts';
import type { SchedulerMetrics } from './metrics.ts';
import { claimOf } from './node-info.ts';
import type { NodeObject, PodClaim, PodObject } from './node-info.ts';
import { Snapshot } from './snapshot.ts';
import { WaitingPods } from './waiting-pods.ts';

export interface SchedulerDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  events: EventRecorder;
  /** A number in [0, 1). */
  random: () => number;
  registry?: Registry;
}

const component = 'default-scheduler';
/** Deciding takes one at a time; the writes of this many are under way together. */
const workers = 64;
const retryMs = 1_000;

/** Binds pods without a node to one. Run it once; it ends with its scope. */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #snapshot = new Snapshot();
  readonly #waiting: WaitingPods;
  /** Pods whose binding is being written, by uid. */
  readonly #assumed = new Map<string, { claim: PodClaim; node: string }>();

  constructor(deps: SchedulerDeps) {
    this.#deps = deps;
    this.#waiting = new WaitingPods(deps.clock);
  }

  run(scope: Scope): void {
    const { clock, log, registry } = this.#deps;
    const queue = new WorkQueue<string>(clock, scope);
    const pending = () => ({ active: queue.size, unschedulable: this.#waiting.size });
    const metrics = schedulerMetrics(registry, pending);
    const follower = {
      resources: ['nodes', 'pods'],
      reset: () => this.#reset(),
      apply: (change: Change) => this.#apply(change, queue),
    };
    startFollowing(this.#deps, follower, scope);
    for (let worker = 0; worker < workers; worker += 1) {
      scope.spawn(
        () => this.#work(queue, metrics),
        (error) => log.error('scheduling worker ended', { error }),
      );
    }
  }

  async #work(queue: WorkQueue<string>, metrics: SchedulerMetrics): Promise<void> {
    for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
      const again = await this.#schedule(key, metrics);
      queue.done(key);
      if (again !== undefined) queue.addAfter(key, again);
    }
  }

  /** Resolves with the milliseconds after which to try again, if any. */
  async #schedule(key: string, metrics: SchedulerMetrics): Promise<number | undefined> {
    const { store, log, random } = this.#deps;
    const slash = key.indexOf('/');
    const pod = store.get<PodObject>('pods', key.slice(0, slash), key.slice(slash + 1));
    if (pod === undefined || !wantsNode(pod)) {
      this.#waiting.remove(key);
      return undefined;
    }
    try {
      const claim = claimOf(pod);
      const decision = decide({ pod, claim }, this.#snapshot.nodes(), random);
      if (decision.node === undefined) {
        metrics.attempted('unschedulable');
        return await this.#refuse(key, pod, decision.misses);
      }
      await this.#bind(pod, claim, decision.node);
      metrics.attempted('scheduled');
      this.#waiting.remove(key);
      return undefined;
    } catch (error) {
      metrics.attempted('error');
      log.warn('pod not scheduled', { pod: key, error });
      return retryMs;
    }
  }

  async #refuse(key: string, pod: PodObject, misses: NodeMisses[]): Promise<number> {
    const again = this.#waiting.add(
      key,
      misses.flatMap((each) => each.misses),
    );
    const message = explainMisses(misses);
    const isNews = await markUnschedulable(this.#deps, pod, message);
    if (isNews) this.#deps.events.record(pod, 'Warning', 'FailedScheduling', message, component);
    return again;
  }

  async #bind(pod: PodObject, claim: PodClaim, node: string): Promise<void> {
    this.#snapshot.assume(claim, node);
    this.#assumed.set(claim.uid, { claim, node });
    let bound: PodObject | undefined;
    try {
      bound = await bindPod(this.#deps, pod, node);
    } finally {
      this.#assumed.delete(claim.uid);
      if (bound?.metadata.uid !== claim.uid || bound.spec?.nodeName !== node) this.#snapshot.removePod(claim.uid);
    }
    if (bound?.metadata.uid !== claim.uid) return;
    this.#snapshot.putPod(bound);
    if (bound.spec?.nodeName !== node) return;
    const message = `Successfully assigned ${pod.metadata.namespace ?? ''}/${pod.metadata.name} to ${node}`;
    this.#deps.events.record(pod, 'Normal', 'Scheduled', message, component);
  }

  /** Everything is shown again; what is being written is not in the store yet and must not be forgotten. */
  #reset(): void {
    this.#snapshot.reset();
    for (const { claim, node } of this.#assumed.values()) this.#snapshot.assume(claim, node);
  }

  #apply(change: Change, queue: WorkQueue<string>): void {
    const wake = (kind: 'node' | 'room'): void =>
      this.#waiting.wakeable(kind).forEach(({ key, afterMs }) => queue.addAfter(key, afterMs));
    if (change.key.resource === 'nodes') this.#applyNode(change, wake);
    else this.#applyPod(change, queue, wake);
  }

  #applyNode({ type, key, object, previous }: Change, wake: (kind: 'node' | 'room') => void): void {
    if (type === 'DELETED') {
      this.#snapshot.removeNode(key.name);
      return;
    }
    this.#snapshot.putNode(object as NodeObject);
    if (previous === undefined || !isSameForPods(object as NodeObject, previous as NodeObject)) {
      wake('node');
      wake('room');
    }
  }

  #applyPod({ type, key, object, previous }: Change, queue: WorkQueue<string>, wake: (kind: 'room') => void): void {
    const pod = object as PodObject;
    const name = `${key.namespace}/${key.name}`;
    if (type !== 'DELETED' && wantsNode(pod)) {
      // A change of its status says nothing new, and its wait for a node goes on.
      const isNews = previous === undefined || previous.metadata.generation !== pod.metadata.generation;
      if (isNews || !this.#waiting.has(name)) queue.add(name);
      return;
    }
    this.#waiting.remove(name);
    if (type === 'DELETED') this.#snapshot.removePod(pod.metadata.uid ?? '');
    else this.#snapshot.putPod(pod);
    if (type === 'DELETED' || isFinished(pod) || hasShrunk(pod, previous)) wake('room');
  }
}

function wantsNode(pod: PodObject): boolean {
  const { nodeName = '', schedulerName = component } = pod.spec ?? {};
  return (
    nodeName === '' && schedulerName === component && pod.metadata.deletionTimestamp === undefined && !isFinished(pod)
  );
}

function isFinished({ status }: PodObject): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function hasShrunk(pod: PodObject, previous: Change['previous']): boolean {
  if (previous === undefined) return false;
  const [now, before] = [claimedRequests(pod), claimedRequests(previous as PodObject)];
  return Object.entries(before).some(([name, amount]) => (now[name] ?? 0) < amount);
}

/** Nothing changed that decides which pods fit on the node. */
function isSameForPods(a: NodeObject, b: NodeObject): boolean {
  const relevant = ({ metadata, spec, status }: NodeObject): unknown[] => [
    metadata.labels,
    spec,
    status?.allocatable,
    findCondition(status?.conditions, 'Ready')?.status,
  ];
  return isDeepStrictEqual(relevant(a), relevant(b));
}
