import type { Pod, Stored } from '../../shared/objects/types.ts';
import type { AgentPaths } from '../paths.ts';
import type { ContainerStatus } from '../runtime/driver.ts';
import { readTerminationMessage, terminationLogOf } from './pod-files.ts';
import type { PodRecord, Termination } from './pod-record.ts';
import { allContainers, specOf } from './pod-view.ts';
import { containerKey } from './step.ts';

export interface HarvestDeps {
  paths: AgentPaths;
  /** The last lines of a log file, for messages. */
  tailLog(path: string, lines: number, bytes: number): Promise<string>;
}

/**
 * Puts the ends of containers into the record, where they outlive the containers. An attempt of which nothing is left
 * and no end is known counts as ended now. Returns true when the record changed. `busy` are steps whose container the
 * listing may not show yet.
 */
export async function harvest(
  pod: Stored<Pod>,
  record: PodRecord,
  containers: readonly ContainerStatus[],
  busy: ReadonlySet<string>,
  now: number,
  deps: HarvestDeps,
): Promise<boolean> {
  let hasChanged = false;
  for (const status of containers) {
    const entry = (record.containers[status.name] ??= {
      attempt: status.attempt,
      imageId: status.imageId,
      specHash: status.specHash,
      restartStreak: 0,
      ended: [],
    });
    if (status.attempt > entry.attempt) Object.assign(entry, { attempt: status.attempt, imageId: status.imageId });
    if (status.state !== 'exited' || entry.ended.some(({ attempt }) => attempt === status.attempt)) continue;
    if (status.attempt < entry.attempt - 1) continue;
    remember(entry.ended, await terminationOf(pod, status, deps));
    hasChanged = true;
  }
  for (const [name, entry] of Object.entries(record.containers)) {
    const isKnown =
      busy.has(containerKey(name)) ||
      entry.ended.some(({ attempt }) => attempt === entry.attempt) ||
      containers.some((status) => status.name === name && status.attempt === entry.attempt);
    if (isKnown) continue;
    remember(entry.ended, vanished(entry.attempt, record.startTime, now));
    hasChanged = true;
  }
  return hasChanged;
}

/** Adds how an attempt ended, once, and keeps the last two. */
export function remember(ended: Termination[], termination: Termination): void {
  if (ended.some(({ attempt }) => attempt === termination.attempt)) return;
  ended.push(termination);
  ended.sort((a, b) => a.attempt - b.attempt);
  ended.splice(0, ended.length - 2);
}

function vanished(attempt: number, startedAt: number, now: number): Termination {
  const message = 'The container could not be located when the agent looked for it';
  const reason = 'ContainerStatusUnknown';
  return {
    attempt,
    id: '' as Termination['id'],
    sandbox: '',
    exitCode: 137,
    reason,
    message,
    startedAt,
    finishedAt: now,
  };
}

async function terminationOf(pod: Stored<Pod>, status: ContainerStatus, deps: HarvestDeps): Promise<Termination> {
  const { attempt, id, sandbox, exitCode, startedAt, finishedAt } = status;
  const reason = status.reason === '' ? (exitCode === 0 ? 'Completed' : 'Error') : status.reason;
  const message = await messageOf(pod, status, deps);
  return { attempt, id, sandbox, exitCode, reason, message, startedAt, finishedAt };
}

async function messageOf(pod: Stored<Pod>, status: ContainerStatus, deps: HarvestDeps): Promise<string> {
  const spec = allContainers(specOf(pod)).find(({ name }) => name === status.name);
  const file = terminationLogOf(deps.paths, pod.metadata.uid, status.name, status.attempt);
  const written = await readTerminationMessage(file);
  if (written !== '') return written;
  if (spec?.terminationMessagePolicy === 'FallbackToLogsOnError' && status.exitCode !== 0) {
    const tail = await deps.tailLog(status.logPath, 80, 2048);
    if (tail !== '') return tail;
  }
  return status.message;
}
