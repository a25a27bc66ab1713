import type { Clock } from '../../../shared/clock.ts';
import { hasReason, messageOf } from '../../../shared/errors.ts';
import type { PodTemplateSpec } from '../../../shared/objects/types.ts';
import { deleteObject } from '../../store/deletion.ts';
import type { EventRecorder } from '../../store/event-recorder.ts';
import type { Store } from '../../store/store.ts';
import type { Random } from '../deps.ts';
import { randomName } from '../random-name.ts';
import type { ReplicaSetObject } from './observe.ts';
import { podFromTemplate } from './pod-from-template.ts';
import type { Step } from './plan.ts';

interface Deps {
  store: Store;
  clock: Clock;
  events: EventRecorder;
  random: Random;
  /** Whom Events name as their source. */
  component: string;
}

/** What went wrong, as the ReplicaFailure condition names it. */
export interface StepFailure {
  reason: 'FailedCreate' | 'FailedDelete';
  error: unknown;
}

/** Pods made in one reconcile at most; the rest comes with the next one. */
const burst = 500;
/** Names tried for one pod when chance picks taken ones. */
const maxNames = 10;

/** Applies steps to the pods of `set`. Resolves with the first failure, if any; what was done stays done. */
export async function applySteps(
  deps: Deps,
  set: ReplicaSetObject,
  steps: readonly Step[],
): Promise<StepFailure | undefined> {
  let failure: StepFailure | undefined;
  const deletes: string[] = [];
  for (const step of steps) {
    if (step.do === 'create') failure ??= await createPods(deps, set, Math.min(step.count, burst));
    else deletes.push(step.name);
  }
  const failures = await Promise.all(deletes.map((name) => deletePod(deps, set, name)));
  return failure ?? failures.find((each) => each !== undefined);
}

/** Slow start: 1, 2, 4, … at a time, so that a template nobody can make pods of costs one failure, not hundreds. */
async function createPods(deps: Deps, set: ReplicaSetObject, count: number): Promise<StepFailure | undefined> {
  let made = 0;
  for (let batch = 1; made < count; batch *= 2) {
    const size = Math.min(batch, count - made);
    const outcomes = await Promise.all(Array.from({ length: size }, () => createPod(deps, set)));
    const failure = outcomes.find((outcome) => outcome !== undefined);
    if (failure !== undefined) return failure;
    made += size;
  }
  return undefined;
}

async function createPod(deps: Deps, set: ReplicaSetObject): Promise<StepFailure | undefined> {
  const { store, events, random, component } = deps;
  const template: PodTemplateSpec = set.spec?.template ?? {};
  for (let tries = 1; ; tries += 1) {
    const name = randomName(set.metadata.name, random);
    try {
      await store.create('pods', podFromTemplate(store, set, template, name));
      events.record(set, 'Normal', 'SuccessfulCreate', `Created pod: ${name}`, component);
      return undefined;
    } catch (error) {
      if (hasReason(error, 'AlreadyExists') && tries < maxNames) continue;
      events.record(set, 'Warning', 'FailedCreate', `Error creating: ${messageOf(error)}`, component);
      return { reason: 'FailedCreate', error };
    }
  }
}

async function deletePod(
  { store, clock, events, component }: Deps,
  set: ReplicaSetObject,
  name: string,
): Promise<StepFailure | undefined> {
  try {
    await deleteObject(store, clock, 'pods', set.metadata.namespace ?? '', name);
    events.record(set, 'Normal', 'SuccessfulDelete', `Deleted pod: ${name}`, component);
    return undefined;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    events.record(set, 'Warning', 'FailedDelete', `Error deleting: ${messageOf(error)}`, component);
    return { reason: 'FailedDelete', error };
  }
}
