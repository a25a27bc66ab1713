import type { PodReport, StatusReply, StatusRequest } from '../../shared/bus/messages.ts';
import { rfc3339, type Clock } from '../../shared/clock.ts';
import { ApiError, hasReason } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { PodStatus } from '../../shared/objects/types.ts';
import type { Store } from '../store/store.ts';
import { mergeConditions } from './conditions.ts';
import type { PodObject } from './desired.ts';
import type { PodOwners } from './pod-owners.ts';

interface Deps {
  store: Store;
  owners: PodOwners;
  clock: Clock;
  log: Logger;
}

/** Conditions that only the node says; any other type is somebody else's and stays. */
const nodeConditions: ReadonlySet<string> = new Set([
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodReadyToStartContainers',
  'PodResizePending',
  'PodResizeInProgress',
]);
const maxWaiting = 4;

/** Writes what nodes report of their pods. One request of a node after the other, so that a late one cannot undo a newer one. */
export class PodStatuses {
  readonly #deps: Deps;
  readonly #turns = new Map<string, { last: Promise<unknown>; waiting: number }>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async apply(node: string, { pods }: StatusRequest): Promise<StatusReply> {
    const turn = this.#turns.get(node) ?? { last: Promise.resolve(), waiting: 0 };
    if (turn.waiting >= maxWaiting)
      throw new ApiError('TooManyRequests', `node "${node}" reports faster than is written`);
    this.#turns.set(node, turn);
    turn.waiting += 1;
    const mine = turn.last.then(() => Promise.all(pods.map((report) => this.#applyOne(node, report))));
    turn.last = mine.catch(() => undefined);
    try {
      const known = await mine;
      return { unknown: pods.filter((_report, index) => known[index] === false).map(({ uid }) => uid) };
    } finally {
      turn.waiting -= 1;
      if (turn.waiting === 0) this.#turns.delete(node);
    }
  }

  /** False when there is no such pod (any more). */
  async #applyOne(node: string, report: PodReport): Promise<boolean> {
    const { store, owners, clock, log } = this.#deps;
    const { uid } = report;
    const owned = owners.findLive(uid);
    if (owned?.node !== node) {
      // One that is there, bound elsewhere or to no node yet, is not gone.
      const isThere = store.get('pods', report.namespace, report.name)?.metadata.uid === uid;
      if (owned === undefined && !isThere) return false;
      log.warn('status of a foreign pod refused', { node, uid });
      return true;
    }
    const { namespace, name } = owned;
    let isThere = false;
    try {
      await store.modify<PodObject>('pods', namespace, name, (current) => {
        isThere = current.metadata.uid === uid;
        if (!isThere) return undefined;
        const status = mergeStatus(current.status ?? {}, report.status, clock.now());
        const isDone = report.finished === true && current.metadata.deletionTimestamp !== undefined;
        return isDone ? release({ ...current, status }) : { ...current, status };
      });
      return isThere;
    } catch (error) {
      if (hasReason(error, 'NotFound')) return false;
      throw error;
    }
  }
}

/** No grace period is left: the pod goes now, or with its last finalizer. */
function release(pod: PodObject): PodObject {
  return { ...pod, metadata: { ...pod.metadata, deletionGracePeriodSeconds: 0 } };
}

function mergeStatus(stored: PodStatus, reported: PodStatus, now: number): PodStatus {
  // The end of a pod is final, whatever an old report says.
  const isOver = stored.phase === 'Succeeded' || stored.phase === 'Failed';
  if (isOver && reported.phase !== stored.phase) return stored;
  const own = (reported.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  return {
    ...reported,
    conditions: mergeConditions(stored.conditions ?? [], own, (type) => nodeConditions.has(type), now),
    startTime: stored.startTime ?? reported.startTime ?? rfc3339(now),
    qosClass: reported.qosClass ?? stored.qosClass,
    ...(stored.nominatedNodeName !== undefined && { nominatedNodeName: stored.nominatedNodeName }),
  };
}
