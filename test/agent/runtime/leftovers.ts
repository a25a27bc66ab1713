import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listMounts } from '../../../agent/host/mounts.ts';
import { run } from '../../../agent/host/run.ts';
import type { AgentPaths } from '../../../agent/paths.ts';

/** What one agent has in the kernel and in its directories: equal counts before and after mean that nothing leaked. */
export async function countLeftovers(paths: AgentPaths): Promise<Record<string, number>> {
  const mounts = [...(await listMounts(paths.run)), ...(await listMounts(join(paths.data, '..')))];
  const links = (await run('ip', ['-o', 'link', 'show', 'master', paths.bridge])).stdout;
  return {
    mounts: mounts.length,
    cgroups: (await cgroupsOf(paths)).length,
    cables: links.split('\n').filter((line) => line !== '').length,
    descriptors: (await readdir('/proc/self/fd')).length,
    files: await countFiles(paths.run),
    records: await countFiles(join(paths.data, 'runtime')),
    monitors: await countMonitors(paths),
  };
}

/** Cgroup directories below the agent's parent, in every hierarchy. */
export async function cgroupsOf(paths: AgentPaths): Promise<string[]> {
  const roots = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '');
  const found = await Promise.all(
    roots.map(async (root) => {
      const entries = await readdir(join(root, paths.cgroup), { recursive: true, withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  return found.flat();
}

async function countFiles(directory: string): Promise<number> {
  return (await readdir(directory, { recursive: true }).catch(() => [])).length;
}

async function countMonitors({ run: runDirectory }: AgentPaths): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.filter((line) => line.includes('conmon') && line.includes(runDirectory)).length;
}
