import { hasReason } from '../../../shared/errors.ts';
import type { Scope } from '../../../shared/scope.ts';
import { deleteObject } from '../../store/deletion.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import { podsOnNode } from '../node-lifecycle/lost-pods.ts';
import { isFinished, isTerminating } from '../pod-state.ts';
import type { PodObject } from '../pod-state.ts';
import { Runner } from '../runner.ts';

/** A node that was deleted by mistake registers again within this time, and its pods live on. */
const quarantineMs = 40_000;

/**
 * Removes pods that no agent will ever report as finished: those bound to nodes that do not exist, and those being
 * deleted that were never bound. Keys are names of nodes; '' stands for none.
 */
export class StrandedPods {
  readonly #deps: ReconcileDeps;
  readonly #goneSince = new Map<string, number>();

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
  }

  run(scope: Scope): void {
    const runner = new Runner('stranded-pods', (node) => this.reconcile(node), this.#deps, scope);
    const apply = (change: Change): void => this.#nodesOf(change).forEach((node) => runner.add(node));
    startFollowing(this.#deps, { resources: ['nodes', 'pods'], apply }, scope);
  }

  async reconcile(node: string): Promise<number | undefined> {
    const { store, clock } = this.#deps;
    if (node !== '' && store.get('nodes', '', node) !== undefined) {
      this.#goneSince.delete(node);
      return undefined;
    }
    const since = this.#goneSince.get(node) ?? clock.monotonic();
    const wait = since + quarantineMs - clock.monotonic();
    const pods = podsIn(this.#deps, node);
    const removed = pods.filter((pod) => isTerminating(pod) || (node !== '' && (isFinished(pod) || wait <= 0)));
    await Promise.all(removed.map((pod) => this.#remove(pod)));
    if (node === '' || removed.length === pods.length) {
      this.#goneSince.delete(node);
      return undefined;
    }
    this.#goneSince.set(node, since);
    return wait;
  }

  async #remove({ metadata }: PodObject): Promise<void> {
    const { store, clock } = this.#deps;
    const options = { gracePeriodSeconds: 0, uid: metadata.uid };
    try {
      await deleteObject(store, clock, 'pods', metadata.namespace ?? '', metadata.name, options);
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }

  #nodesOf({ type, key, object }: Change): string[] {
    if (key.resource === 'nodes') return type === 'MODIFIED' ? [] : [key.name];
    const pod = object as PodObject;
    const node = pod.spec?.nodeName ?? '';
    if (type === 'DELETED') return [];
    if (node === '') return isTerminating(pod) ? [''] : [];
    return this.#deps.store.get('nodes', '', node) === undefined ? [node] : [];
  }
}

function podsIn({ store }: ReconcileDeps, node: string): PodObject[] {
  if (node !== '') return podsOnNode(store, node);
  return store.list<PodObject>('pods').items.filter((pod) => (pod.spec?.nodeName ?? '') === '' && isTerminating(pod));
}
