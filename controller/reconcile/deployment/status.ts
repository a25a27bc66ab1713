import { rfc3339 } from '../../../shared/clock.ts';
import type { DeploymentCondition, DeploymentStatus } from '../../../shared/objects/types.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import type { ReplicaSetObject } from '../replicaset/observe.ts';
import type { DeploymentObject } from './deployment.ts';
import { desiredRollout } from './deployment.ts';

export type Counts = Required<
  Pick<DeploymentStatus, 'replicas' | 'updatedReplicas' | 'readyReplicas' | 'availableReplicas' | 'unavailableReplicas'>
>;

export interface StatusInput {
  deployment: DeploymentObject;
  current: ReplicaSetObject | undefined;
  old: readonly ReplicaSetObject[];
  /** What happened to the current set in this reconcile. */
  created?: boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

const noLimit = 2 ** 31 - 1;

/** The whole status, planned from the sets' statuses. Equal to the present one when there is nothing to write. */
export function planStatus(input: StatusInput): DeploymentStatus {
  const { deployment } = input;
  const counts = countSets(input);
  const conditions = [availableCondition(input, counts), progressCondition(input, counts), failureOf(input)];
  const before = deployment.status?.conditions ?? [];
  const { collisionCount } = deployment.status ?? {};
  return {
    observedGeneration: deployment.metadata.generation,
    ...counts,
    conditions: conditions.flatMap((next) => (next === undefined ? [] : stamp(before, next, input.now))),
    ...(collisionCount !== undefined && { collisionCount }),
  };
}

/** The milliseconds until the rollout has taken too long; undefined when it is over, or nobody measures. */
export function untilDeadline(deployment: DeploymentObject, status: DeploymentStatus, now: number): number | undefined {
  const condition = findCondition(status.conditions, 'Progressing');
  const seconds = deployment.spec?.progressDeadlineSeconds ?? noLimit;
  if (condition?.reason === undefined || seconds >= noLimit || deployment.spec?.paused === true) return undefined;
  if (condition.reason === 'NewReplicaSetAvailable' || condition.reason === 'ProgressDeadlineExceeded')
    return undefined;
  return Math.max(0, lastProgress(condition) + seconds * 1_000 - now) + 1;
}

export function countSets({ deployment, current, old }: Omit<StatusInput, 'now'>): Counts {
  const total = (of: (status: NonNullable<ReplicaSetObject['status']>) => number | undefined): number =>
    [...old, ...(current ? [current] : [])].reduce((all, { status }) => all + ((status && of(status)) ?? 0), 0);
  const availableReplicas = total((status) => status.availableReplicas);
  return {
    replicas: total((status) => status.replicas),
    updatedReplicas: current?.status?.replicas ?? 0,
    readyReplicas: total((status) => status.readyReplicas),
    availableReplicas,
    unavailableReplicas: Math.max(0, (deployment.spec?.replicas ?? 1) - availableReplicas),
  };
}

type Next = Pick<DeploymentCondition, 'type' | 'status' | 'reason' | 'message'> & { hasProgressed?: boolean };

function availableCondition({ deployment }: StatusInput, { availableReplicas }: Counts): Next {
  const { replicas, maxUnavailable, strategy } = desiredRollout(deployment);
  // Recreate lets all pods be missing during a rollout; that does not make a deployment without pods available.
  const mayMiss = strategy === 'Recreate' ? 0 : maxUnavailable;
  return availableReplicas >= replicas - mayMiss
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function progressCondition(input: StatusInput, counts: Counts): Next | undefined {
  const { deployment, current, created } = input;
  const seconds = deployment.spec?.progressDeadlineSeconds ?? noLimit;
  if (seconds >= noLimit) return undefined;
  const before = findCondition(deployment.status?.conditions, 'Progressing');
  const progressing = (status: string, reason: string, message: string, hasProgressed = false): Next => ({
    type: 'Progressing',
    status,
    reason,
    message,
    hasProgressed,
  });
  const name = current === undefined ? deployment.metadata.name : current.metadata.name;
  const subject = current === undefined ? `Deployment "${name}"` : `ReplicaSet "${name}"`;
  if (deployment.spec?.paused === true) return progressing('Unknown', 'DeploymentPaused', 'Deployment is paused');
  if (created === true) return progressing('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`, true);
  if (isComplete(deployment, counts)) {
    return progressing('True', 'NewReplicaSetAvailable', `${subject} has successfully progressed.`);
  }
  if (before === undefined) return progressing('True', 'FoundNewReplicaSet', `Found new replica set "${name}"`, true);
  if (before.reason === 'DeploymentPaused') {
    return progressing('Unknown', 'DeploymentResumed', 'Deployment is resumed', true);
  }
  const isRolledOut = before.reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updatedReplicas;
  if (isRolledOut) return keep(before);
  if (hasProgressed(deployment.status ?? {}, counts)) {
    return progressing('True', 'ReplicaSetUpdated', `${subject} is progressing.`, true);
  }
  const isOverdue = input.now > lastProgress(before) + seconds * 1_000;
  if (isOverdue && before.reason !== 'NewReplicaSetAvailable') {
    return progressing('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`);
  }
  return keep(before);
}

/** Every pod is of the new template and available, and no other is left. */
export function isComplete({ spec }: DeploymentObject, counts: Counts): boolean {
  const replicas = spec?.replicas ?? 1;
  return [counts.updatedReplicas, counts.replicas, counts.availableReplicas].every((count) => count === replicas);
}

function hasProgressed(before: DeploymentStatus, counts: Counts): boolean {
  const oldBefore = (before.replicas ?? 0) - (before.updatedReplicas ?? 0);
  return (
    counts.updatedReplicas > (before.updatedReplicas ?? 0) ||
    counts.replicas - counts.updatedReplicas < oldBefore ||
    counts.readyReplicas > (before.readyReplicas ?? 0) ||
    counts.availableReplicas > (before.availableReplicas ?? 0)
  );
}

/** The current set cannot make its pods, or one of the old ones. */
function failureOf({ current, old }: StatusInput): Next | undefined {
  const sets = current === undefined ? old : [current, ...old];
  const failure = sets.flatMap(({ status }) => findCondition(status?.conditions, 'ReplicaFailure') ?? [])[0];
  return failure && { ...failure, reason: failure.reason ?? '', message: failure.message ?? '' };
}

function keep({ type, status, reason, message }: DeploymentCondition): Next {
  return { type, status, reason, message };
}

function lastProgress({ lastUpdateTime }: DeploymentCondition): number {
  return Date.parse(lastUpdateTime ?? '1970-01-01T00:00:00Z');
}

/** The transition time moves with the status alone, the update time with every change and every sign of progress. */
function stamp(before: readonly DeploymentCondition[], next: Next, now: number): DeploymentCondition {
  const { hasProgressed = false, type, status, reason, message } = next;
  const current = findCondition(before, type);
  const time = rfc3339(now);
  const isSame = current?.status === status && current.reason === reason && current.message === message;
  if (isSame && !hasProgressed) return current;
  const lastTransitionTime = current?.status === status ? (current.lastTransitionTime ?? time) : time;
  return { type, status, reason, message, lastUpdateTime: time, lastTransitionTime };
}
