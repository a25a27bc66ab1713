import { rm, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, messageOf } from '../../../shared/errors.ts';
import { listMounts, unmount } from '../../host/mounts.ts';
import { removeNetworkObjects } from '../../host/network-objects.ts';
import type { AgentPaths } from '../../paths.ts';
import { findCgroupMounts } from './cgroup-mounts.ts';
import { Cgroups } from './cgroups.ts';
import { layoutOf } from './layout.ts';

const killRounds = 500;
const pauseMs = 20;

/**
 * Removes all that runs or stands in the kernel of one agent: processes, mounts, namespaces, bridge, rules, cgroups, and
 * what it remembers of them. Images, logs and desired pods are kept. The agent must not run. Every step is tried, then
 * the failures are thrown together; call it again then. Succeeds when all is gone.
 */
export async function destroyRuntime(paths: AgentPaths): Promise<void> {
  const { sandboxRecords, containerRecords } = layoutOf(paths);
  const steps: [string, () => Promise<void>][] = [
    ['processes', () => emptyCgroup(paths.cgroup)],
    ['mounts', () => unmountAll(paths)],
    ['network', () => removeNetworkObjects(paths)],
    ['records', () => removeAll([sandboxRecords, containerRecords])],
    ['run directory', () => removeRun(paths.run)],
  ];
  const failures: string[] = [];
  for (const [what, step] of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(`${what}: ${messageOf(error)}`);
    }
  }
  if (failures.length > 0) throw new ApiError('InternalError', failures.join('; '));
}

async function emptyCgroup(path: string): Promise<void> {
  const cgroups = new Cgroups(await findCgroupMounts());
  for (let round = 0; round < killRounds; round += 1) {
    await cgroups.kill(path);
    if (await cgroups.remove(path)) {
      await cgroups.removeIfEmpty(dirname(path)); // shared with other agents of this machine
      return;
    }
    await sleep(pauseMs);
  }
  throw new ApiError('Timeout', `cgroup ${path} still has processes`);
}

/** A disk that somebody has mounted for the agent's data, or for its images or logs alone, is theirs and stays. */
async function unmountAll({ run, data }: AgentPaths): Promise<void> {
  const inData = (await listMounts(data)).filter((point) => point !== data && dirname(point) !== data);
  for (const point of [...(await listMounts(run)), ...inData]) await unmount(point);
}

async function removeRun(directory: string): Promise<void> {
  await removeAll([directory]);
  await rmdir(dirname(directory)).catch(() => undefined); // shared with other agents of this machine
}

/** Never through a mount: what is below one belongs to somebody else. */
async function removeAll(directories: string[]): Promise<void> {
  for (const directory of directories) {
    const [mounted] = await listMounts(directory);
    if (mounted !== undefined) throw new ApiError('Conflict', `${mounted} is still mounted`);
    await rm(directory, { recursive: true, force: true });
  }
}
