import { rfc3339 } from '../../../shared/clock.ts';
import { hasReason } from '../../../shared/errors.ts';
import { withCondition } from '../../../shared/objects/conditions.ts';
import type { Taint } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { deleteObject } from '../../store/deletion.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import type { NodeObject } from '../node-state.ts';
import { isFinished, isTerminating } from '../pod-state.ts';
import type { PodObject } from '../pod-state.ts';
import { Runner } from '../runner.ts';
import { evictionTime } from './eviction-plan.ts';
import type { ActiveTaint } from './eviction-plan.ts';
import { podsOnNode } from './lost-pods.ts';

const component = 'taint-eviction-controller';

/**
 * Deletes pods from nodes whose NoExecute taints they do not tolerate (any longer). Keys are names of nodes. Times are
 * measured from when this process first saw a taint: a restart makes it wait longer, never shorter.
 */
export class TaintEviction {
  readonly #deps: ReconcileDeps;
  readonly #seen = new Map<string, ActiveTaint[]>();

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  run(scope: Scope): void {
    const runner = new Runner('taint-eviction', (name) => this.reconcile(name), this.#deps, scope);
    const apply = (change: Change): void => this.#nodesOf(change).forEach((name) => runner.add(name));
    startFollowing(this.#deps, { resources: ['nodes', 'pods'], apply }, scope);
  }

  async reconcile(name: string): Promise<number | undefined> {
    const { store, clock } = this.#deps;
    const taints = this.#update(name, noExecuteTaints(store.get<NodeObject>('nodes', '', name)));
    if (taints.length === 0) return undefined;
    const now = clock.monotonic();
    const waits: number[] = [];
    for (const pod of podsOnNode(store, name).filter((each) => !isTerminating(each) && !isFinished(each))) {
      const time = evictionTime(taints, pod.spec?.tolerations);
      if (time === undefined) continue;
      if (time <= now) await this.#evict(pod);
      else waits.push(time - now);
    }
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  /** Remembers since when each taint is known. */
  #update(name: string, taints: readonly Taint[]): readonly ActiveTaint[] {
    const before = this.#seen.get(name) ?? [];
    const now = this.#deps.clock.monotonic();
    const active = taints.map((taint) => {
      const known = before.find((each) => each.taint.key === taint.key && each.taint.value === taint.value);
      return { taint, sinceMs: known?.sinceMs ?? now };
    });
    if (active.length > 0) this.#seen.set(name, active);
    else this.#seen.delete(name);
    return active;
  }

  async #evict(pod: PodObject): Promise<void> {
    const { store, clock, events } = this.#deps;
    const { namespace = '', name, uid } = pod.metadata;
    const condition = {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'The pod does not tolerate a NoExecute taint of its node.',
      lastTransitionTime: rfc3339(clock.now()),
    };
    try {
      await store.modify<PodObject>('pods', namespace, name, (fresh) => {
        const conditions = [...withCondition(fresh.status?.conditions, condition)];
        return fresh.metadata.uid === uid ? { ...fresh, status: { ...fresh.status, conditions } } : undefined;
      });
      await deleteObject(store, clock, 'pods', namespace, name, { uid });
      const message = `Marking for deletion Pod ${namespace}/${name}`;
      events.record(pod, 'Normal', 'TaintManagerEviction', message, component);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  /** A node whose taints may have changed, or a tainted node that got a pod. */
  #nodesOf({ type, key, object, previous }: Change): string[] {
    if (key.resource === 'nodes') {
      const isTainted = [object, previous].some((node) => noExecuteTaints(node as NodeObject | undefined).length > 0);
      return isTainted ? [key.name] : [];
    }
    const pod = object as PodObject;
    const nodeName = pod.spec?.nodeName;
    const wasBound = (previous as PodObject | undefined)?.spec?.nodeName === nodeName;
    if (type === 'DELETED' || nodeName === undefined || wasBound) return [];
    const node = this.#deps.store.get<NodeObject>('nodes', '', nodeName);
    return noExecuteTaints(node).length > 0 ? [nodeName] : [];
  }
}

function noExecuteTaints(node: NodeObject | undefined): Taint[] {
  return (node?.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
}
