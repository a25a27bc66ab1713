import { mkdir, readdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { messageOf } from '../../../shared/errors.ts';
import type { ContainerId, SandboxId } from '../driver.ts';
import type { ContainerEntry } from './container-table.ts';
import { missingControllers } from './host.ts';
import { restoreRecords } from './lost-records.ts';
import { removeMapped } from './mapped-files.ts';
import type { OciDriverDeps, Parts } from './parts.ts';
import { monitorsCgroup } from './records.ts';

/**
 * Makes the parts know what an earlier process left, and makes true again what it left half done: containers that run
 * on are followed, exits that happened meanwhile are recorded, what nobody knows is removed.
 */
export async function recover(parts: Parts, deps: OciDriverDeps): Promise<void> {
  const { layout, host, table, sandboxes, exits } = parts;
  for (const directory of [deps.paths.run, layout.bundles, layout.runtimeRoots]) {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }
  const missing = missingControllers(host);
  if (missing.length > 0) deps.log.warn('limits are not enforced: cgroup controllers are missing', { missing });
  const monitors = monitorsCgroup(deps.paths.cgroup);
  await host.cgroups.prepare(monitors);
  host.cgroups.share(monitors, { cpuRequestMillis: 1000 * availableParallelism() });
  await table.load();
  await restoreRecords(parts, deps);
  await exits.open();
  await sandboxes.open();
  for (const entry of table.all()) {
    try {
      await recoverContainer(parts, deps, entry);
    } catch (error) {
      // One that cannot be mended must not keep the node from working: it is looked at again with every rescan.
      deps.log.error('container not recovered', { container: entry.record.id, error: messageOf(error) });
    }
  }
  await removeUnknown(parts, deps);
}

async function recoverContainer(
  { table, starter, maker, exits, host }: Parts,
  deps: OciDriverDeps,
  entry: ContainerEntry,
): Promise<void> {
  const { phase, bootId } = entry.record;
  if (phase === 'exited') return;
  if (phase === 'making') {
    await maker.undo(entry);
    return;
  }
  if (bootId !== host.bootId) {
    await table.update(entry, {
      phase: 'exited',
      finishedAt: deps.clock.now(),
      exitCode: 255,
      reason: 'Unknown',
      message: 'the node restarted while the container ran',
    });
    return;
  }
  if (phase === 'starting') await starter.recover(entry);
  if (phase === 'running') await exits.follow(entry);
}

async function removeUnknown(
  { layout, host, table, sandboxes }: Parts,
  { paths, snapshotter, log }: OciDriverDeps,
): Promise<void> {
  const isUnknown = (id: string): boolean =>
    table.find(id as ContainerId) === undefined && sandboxes.find(id as SandboxId) === undefined;
  const kept = new Set([basename(monitorsCgroup(paths.cgroup)), ...table.all().map(({ record }) => record.pod.uid)]);
  for (const uid of await host.cgroups.children(paths.cgroup)) {
    for (const id of await host.cgroups.children(`${paths.cgroup}/${uid}`)) {
      if (!isUnknown(id)) continue;
      log.warn('removing a container that nobody knows', { container: id });
      await host.cgroups.kill(`${paths.cgroup}/${uid}/${id}`);
      await host.cgroups.remove(`${paths.cgroup}/${uid}/${id}`);
    }
    if (!kept.has(uid)) await host.cgroups.remove(`${paths.cgroup}/${uid}`);
  }
  const mapped = await readdir(layout.mapped).catch(() => []); // made with the first pod that has users of its own
  for (const id of mapped) if (isUnknown(id)) await removeMapped(join(layout.mapped, id));
  for (const id of await snapshotter.list()) if (isUnknown(id)) await snapshotter.remove(id);
  const runtimes = (await readdir(layout.runtimeRoots)).map((name) => join(layout.runtimeRoots, name));
  for (const directory of [layout.bundles, layout.exits, ...runtimes]) {
    for (const id of await readdir(directory)) {
      if (isUnknown(id)) await rm(join(directory, id), { recursive: true, force: true });
    }
  }
}
