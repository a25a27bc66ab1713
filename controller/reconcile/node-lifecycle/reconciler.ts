import { isDeepStrictEqual } from 'node:util';
import type { NodeCondition } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import { isNodeLost } from '../node-state.ts';
import type { NodeObject } from '../node-state.ts';
import { Runner } from '../runner.ts';
import { leasePeriodMs, renewLease } from './lease.ts';
import type { NodeLiveness } from './liveness.ts';
import { markPodsLost, podsMarkedLost, podsOnNode, restorePods } from './lost-pods.ts';
import { NodeWatch } from './node-watch.ts';
import { assumedConditions, hasReadinessTaint, isSaidSilent, lifecycleTaints, unknownConditions } from './plan.ts';
import { defaultSilenceSettings } from './silence.ts';
import type { SilenceSettings, Verdict } from './silence.ts';

export interface NodeLifecycleDeps extends ReconcileDeps {
  liveness: NodeLiveness;
}

/** An agent that was away reports within this time. */
const reportMs = 10_000;
const component = 'node-controller';

/** Says which nodes are not heard, and taints nodes by their readiness. Keys are names of nodes. */
export class NodeLifecycleReconciler {
  readonly #deps: NodeLifecycleDeps;
  readonly #watch: NodeWatch;

  constructor(deps: NodeLifecycleDeps, settings: SilenceSettings = defaultSilenceSettings) {
    this.#deps = deps;
    this.#watch = new NodeWatch(deps, settings);
  }

  run(scope: Scope): void {
    const runner = new Runner('node-lifecycle', (name) => this.reconcile(name), this.#deps, scope);
    const reset = (): void => {
      this.#watch.retain(this.#deps.store.list('nodes').items.map(({ metadata }) => metadata.name));
    };
    const apply = ({ type, key, object }: Change): void => {
      if (type === 'DELETED') this.#watch.forget(key.name);
      else this.#watch.know(key.name, isNodeLost(object as NodeObject));
      runner.add(key.name);
    };
    startFollowing(this.#deps, { resources: ['nodes'], reset, apply }, scope);
    scope.spawn(
      (signal) => this.#watch.run((name) => runner.add(name), signal),
      (error) => this.#deps.log.error('heartbeats are not watched any more', { error }),
    );
  }

  async reconcile(name: string): Promise<number | undefined> {
    const node = this.#deps.store.get<NodeObject>('nodes', '', name);
    if (node === undefined) return undefined;
    const verdict = this.#watch.verdictOn(name);
    await this.#writeNode(node, verdict);
    if (verdict === 'lost') await markPodsLost(this.#deps, podsOnNode(this.#deps.store, name));
    if (verdict !== 'heard') return undefined;
    await renewLease(this.#deps, node);
    return this.#settleReturn(name);
  }

  /**
   * A node that is back reports its conditions and its pods. What it has not mentioned by then has not changed since it
   * fell silent. Resolves with the milliseconds after which to look at the node again.
   */
  async #settleReturn(name: string): Promise<number> {
    const { store } = this.#deps;
    // It has returned long ago: there is nothing left to settle, and all pods need not be looked through.
    if (this.#watch.heardForMs(name) > reportMs + 2 * leasePeriodMs) return leasePeriodMs;
    const marked = podsMarkedLost(podsOnNode(store, name));
    const conditions = store.get<NodeObject>('nodes', '', name)?.status?.conditions ?? [];
    if (marked.length === 0 && !isSaidSilent(conditions)) return leasePeriodMs;
    const wait = reportMs - this.#watch.heardForMs(name);
    if (wait > 0) return wait;
    await restorePods(this.#deps, marked);
    return leasePeriodMs;
  }

  async #writeNode(node: NodeObject, verdict: Verdict): Promise<void> {
    const { store, events, log } = this.#deps;
    const { name } = node.metadata;
    const planned = this.#plan(node, verdict);
    if (planned === undefined) return;
    await store.update('nodes', planned);
    const [was, is] = [node, planned].map(({ spec }) => hasReadinessTaint(spec?.taints ?? []));
    if (was === is) return;
    const reason = is === true ? 'NodeNotReady' : 'NodeReady';
    events.record(node, 'Normal', reason, `Node ${name} status is now: ${reason}`, component);
    log.info('node readiness changed', { node: name, reason, verdict });
  }

  /** The node as it should be; undefined when it is so. */
  #plan(node: NodeObject, verdict: Verdict): NodeObject | undefined {
    const now = this.#deps.clock.now();
    const current = node.status?.conditions ?? [];
    const conditions = this.#conditions(node.metadata.name, current, verdict, now);
    const taints = node.spec?.taints ?? [];
    const nextTaints = lifecycleTaints(taints, conditions, verdict, now);
    if (isDeepStrictEqual(conditions, current) && nextTaints === taints) return undefined;
    return {
      ...node,
      spec: { ...node.spec, taints: nextTaints.length > 0 ? [...nextTaints] : undefined },
      status: { ...node.status, conditions: [...conditions] },
    };
  }

  #conditions(
    name: string,
    current: readonly NodeCondition[],
    verdict: Verdict,
    now: number,
  ): readonly NodeCondition[] {
    switch (verdict) {
      case 'heard':
        return this.#watch.heardForMs(name) < reportMs ? current : assumedConditions(current, now);
      case 'waiting':
        return current;
      case 'silent':
      case 'lost':
        return unknownConditions(current, now);
    }
  }
}
