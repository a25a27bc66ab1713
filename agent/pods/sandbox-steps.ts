import { mkdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasReason, messageOf } from '../../shared/errors.ts';
import type { SandboxId } from '../runtime/driver.ts';
import type { StepContext } from './container-steps.ts';
import { configFailure } from './hold.ts';
import { logDirectoryOf, removeTerminationLogs } from './pod-files.ts';
import { specOf } from './pod-view.ts';
import { runtimeStateOf } from './runtime-state.ts';
import { identityOf, sandboxConfig } from './sandbox-config.ts';
import { StepFailure } from './step-failure.ts';
import { forbiddenSysctl } from './sysctls.ts';

/** Makes the volumes of a pod, or brings them up to date. */
export async function prepareVolumes(context: StepContext): Promise<void> {
  const { deps, pod, record, events } = context;
  if (record.sandboxAttempt < 0 && isRejected(context)) return;
  try {
    await deps.volumes.prepare(pod);
  } catch (error) {
    events.warning('FailedMount', messageOf(error));
    throw new StepFailure('FailedMount', messageOf(error), { cause: error });
  }
}

export async function runSandbox(context: StepContext, attempt: number, signal: AbortSignal): Promise<void> {
  const { deps, pod, record, events, persist } = context;
  if (isRejected(context)) return;
  const logDirectory = logDirectoryOf(deps.paths, identityOf(pod));
  await mkdir(logDirectory, { recursive: true, mode: 0o700 });
  const hostDns = await deps.hostDns();
  try {
    const config = sandboxConfig(pod, { attempt, logDirectory, nodeHostname: deps.node.hostname, hostDns });
    await deps.gate.run(() => deps.driver.runSandbox(config, signal), signal);
  } catch (error) {
    signal.throwIfAborted();
    if (hasReason(error, 'Invalid')) return reject(context, 'SysctlRefused', messageOf(error));
    const message = `Failed to create pod sandbox: ${messageOf(error)}`;
    events.warning('FailedCreatePodSandBox', message);
    throw new StepFailure(sandboxFailure(error), message, { cause: error });
  }
  record.sandboxAttempt = Math.max(record.sandboxAttempt, attempt);
  void persist(); // the disk may take its time: until then the runtime knows the attempt
}

function sandboxFailure(error: unknown): string {
  if (hasReason(error, 'Forbidden')) return configFailure;
  return hasReason(error, 'Conflict') ? 'HostPortConflict' : 'CreatePodSandboxError';
}

/** Whether the rules of this node forbid the pod. */
function isRejected(context: StepContext): boolean {
  const forbidden = forbiddenSysctl(specOf(context.pod), context.deps.allowedUnsafeSysctls);
  if (forbidden === undefined) return false;
  reject(context, 'SysctlForbidden', `forbidden sysctl: ${forbidden}`);
  return true;
}

/** This node does not run the pod, now or later: it has failed. */
function reject({ record, events, persist }: StepContext, reason: string, message: string): void {
  events.warning(reason, message);
  record.failure = { reason, message: `Pod was rejected: ${message}` };
  void persist();
}

/** Takes a sandbox away that has lost its namespaces or its network. */
export async function removeLostSandbox({ deps, events }: StepContext, id: SandboxId): Promise<void> {
  events.normal('SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.');
  await deps.driver.stopSandbox(id);
  await deps.driver.removeSandbox(id);
}

/** Takes away what the containers wrote outside themselves; none of them may be left. */
export async function discardVolumes({ deps, record }: StepContext): Promise<void> {
  await deps.volumes.remove(record.uid);
  await removeTerminationLogs(deps.paths, record.uid);
}

/** Takes away all that is left of a pod: every part is tried, all failures are told. */
export async function cleanUp({ deps, pod, record }: StepContext, signal: AbortSignal): Promise<void> {
  const { uid } = record;
  const identity = identityOf(pod);
  await deps.logs.drain(identity, signal);
  const { sandboxes } = await runtimeStateOf(deps.driver, uid);
  const failures: unknown[] = [];
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      failures.push(error);
    }
  };
  for (const { id } of sandboxes) {
    await attempt(() => deps.driver.stopSandbox(id));
    await attempt(() => deps.driver.removeSandbox(id));
  }
  await attempt(() => deps.volumes.remove(uid));
  await attempt(() => removeTerminationLogs(deps.paths, uid));
  await rmdir(join(deps.paths.pods, uid)).catch(() => undefined); // not there, or not empty: then its owner says so
  deps.logs.release(identity);
  if (failures.length > 0) throw new StepFailure('FailedKillPod', failures.map(messageOf).join('; '));
}
