import { hasReason } from '../../../shared/errors.ts';
import type { Scope } from '../../../shared/scope.ts';
import { deleteObject } from '../../store/deletion.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import type { ReconcileDeps } from '../deps.ts';
import { isFinished, isTerminating } from '../pod-state.ts';
import type { PodObject } from '../pod-state.ts';
import { Runner } from '../runner.ts';

const defaultLimit = 1_000;
/** Many pods end together: they are counted once. */
const countAfterMs = 5_000;
const key = 'finished';

/** Keeps ended pods, so that their logs and exit codes can be looked at, but no more than `limit`: the oldest go. */
export class FinishedPods {
  readonly #deps: ReconcileDeps;
  readonly #limit: number;

  constructor(deps: ReconcileDeps, limit: number = defaultLimit) {
    this.#deps = deps;
    this.#limit = limit;
  }

  run(scope: Scope): void {
    const runner = new Runner('finished-pods', () => this.reconcile(), this.#deps, scope, 1);
    const apply = ({ type, object }: Change): void => {
      if (type !== 'DELETED' && isFinished(object as PodObject)) runner.addAfter(key, countAfterMs);
    };
    startFollowing(this.#deps, { resources: ['pods'], apply }, scope);
  }

  async reconcile(): Promise<undefined> {
    const { store, clock } = this.#deps;
    const finished = store.list<PodObject>('pods').items.filter((pod) => isFinished(pod) && !isTerminating(pod));
    const oldestFirst = [...finished].sort((a, b) => createdAt(a) - createdAt(b));
    const removed = oldestFirst.slice(0, Math.max(0, finished.length - this.#limit));
    await Promise.all(
      removed.map(async ({ metadata }) => {
        try {
          await deleteObject(store, clock, 'pods', metadata.namespace ?? '', metadata.name, { uid: metadata.uid });
        } catch (error) {
          if (!hasReason(error, 'NotFound')) throw error;
        }
      }),
    );
  }
}

function createdAt({ metadata }: PodObject): number {
  return Date.parse(metadata.creationTimestamp ?? '1970-01-01T00:00:00Z');
}
