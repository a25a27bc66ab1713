import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { messageOf } from '../../../shared/errors.ts';
import { readIfExists } from '../../host/files.ts';
import type { ContainerId } from '../driver.ts';
import { bundleFiles } from './layout.ts';
import type { OciDriverDeps, Parts } from './parts.ts';
import { recordIn } from './record-annotation.ts';
import { cgroupOf, type ContainerRecord } from './records.ts';

/** Puts back the records of containers whose file was damaged: what runs is gone on with, and what ended has its exit. */
export async function restoreRecords(parts: Parts, { paths, log }: OciDriverDeps): Promise<void> {
  const { layout, table } = parts;
  await mkdir(layout.bundles, { recursive: true, mode: 0o700 });
  for (const name of await readdir(layout.bundles)) {
    const id = name as ContainerId;
    if (table.find(id) !== undefined) continue;
    try {
      const record = await lostRecord(parts, paths.cgroup, id);
      if (record === undefined) continue;
      await table.add(record);
      log.warn('the record of a container was lost and is restored', { container: id, pod: record.pod.name });
    } catch (error) {
      log.warn('the record of a container was lost', { container: id, error: messageOf(error) });
    }
  }
}

/** Undefined for what was never started: nothing is lost with it. */
async function lostRecord(
  { layout, host }: Parts,
  cgroupParent: string,
  id: ContainerId,
): Promise<ContainerRecord | undefined> {
  const { config, pidFile } = bundleFiles(layout, id);
  const pid = Number((await readIfExists(pidFile)) ?? '0');
  if (!(pid > 0)) return undefined;
  const record = recordIn(await readFile(config, 'utf8'));
  if (record.id !== id || record.pod === undefined) return undefined;
  const runs = (await host.cgroups.processes(cgroupOf(cgroupParent, record.pod, id))).includes(pid);
  // What runs, or waits for its start, is looked at as after a start that was cut off; the rest has ended.
  const startedAt = Math.round((await stat(pidFile)).mtimeMs);
  return { ...(record as ContainerRecord), startedAt, phase: runs ? 'starting' : 'running' };
}
