import type { Clock } from '../../shared/clock.ts';
import { hasReason, messageOf } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { deleteObject } from '../store/deletion.ts';
import type { EventRecorder } from '../store/event-recorder.ts';
import type { Store } from '../store/store.ts';
import type { Random } from './deps.ts';
import type { PodObject } from './pod-state.ts';
import { randomName } from './random-name.ts';

export interface PodChangeDeps {
  store: Store;
  clock: Clock;
  events: EventRecorder;
  random: Random;
  /** Whom Events name as their source. */
  component: string;
}

/** What went wrong, as conditions and Events name it. */
export interface StepFailure {
  reason: 'FailedCreate' | 'FailedDelete';
  error: unknown;
}

/** A pod to be made: its name is `base` and five characters that nobody has yet. */
export interface PodOrder {
  base: string;
  make: (name: string) => PodObject;
}

/** Pods made in one reconcile at most; the rest comes with the next one. */
export const maxCreations = 500;
/** Names tried for one pod when chance picks taken ones. */
const maxNames = 10;

/**
 * Makes pods of `owner`, with an Event for each. Slow start: 1, 2, 4, … at a time, so that a template nobody can make
 * pods of costs one failure, not hundreds. Resolves with the first failure, if any; what was done stays done.
 */
export async function createPods(
  deps: PodChangeDeps,
  owner: KubeObject,
  orders: readonly PodOrder[],
): Promise<StepFailure | undefined> {
  const wanted = orders.slice(0, maxCreations);
  for (let batch = 1, made = 0; made < wanted.length; made += batch, batch *= 2) {
    const outcomes = await Promise.all(wanted.slice(made, made + batch).map((order) => createPod(deps, owner, order)));
    const failure = outcomes.find((outcome) => outcome !== undefined);
    if (failure !== undefined) return failure;
  }
  return undefined;
}

/** Deletes pods of `owner`, with an Event for each. Resolves with the first failure, if any. */
export async function deletePods(
  deps: PodChangeDeps,
  owner: KubeObject,
  names: readonly string[],
): Promise<StepFailure | undefined> {
  const failures = await Promise.all(names.map((name) => deletePod(deps, owner, name)));
  return failures.find((failure) => failure !== undefined);
}

async function createPod(
  deps: PodChangeDeps,
  owner: KubeObject,
  { base, make }: PodOrder,
): Promise<StepFailure | undefined> {
  const { store, events, random, component } = deps;
  for (let tries = 1; ; tries += 1) {
    const name = randomName(base, random);
    try {
      await store.create('pods', make(name));
      events.record(owner, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`, component);
      return undefined;
    } catch (error) {
      if (hasReason(error, 'AlreadyExists') && tries < maxNames) continue;
      events.record(owner, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`, component);
      return { reason: 'FailedCreate', error };
    }
  }
}

async function deletePod(
  { store, clock, events, component }: PodChangeDeps,
  owner: KubeObject,
  name: string,
): Promise<StepFailure | undefined> {
  try {
    await deleteObject(store, clock, 'pods', owner.metadata.namespace ?? '', name);
    events.record(owner, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`, component);
    return undefined;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    events.record(owner, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`, component);
    return { reason: 'FailedDelete', error };
  }
}
