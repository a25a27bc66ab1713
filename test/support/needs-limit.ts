import { readFile } from 'node:fs/promises';
import { findCgroupMounts } from '../../agent/runtime/oci/cgroup-mounts.ts';
import { needs } from './needs.ts';

/** Skips unless the cgroups of this machine have the controller: what a test lets loose would take all of the machine. */
export async function needsLimit(context: Mocha.Context, controller: 'cpu' | 'memory' | 'pids'): Promise<void> {
  const { isVersion2, roots } = await findCgroupMounts();
  const text = isVersion2 ? await readFile('/sys/fs/cgroup/cgroup.controllers', 'utf8') : [...roots.keys()].join(' ');
  needs(context, text.trim().split(' ').includes(controller), `the ${controller} controller`);
}
