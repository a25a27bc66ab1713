import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AgentPaths } from '../../agent/paths.ts';
import { identifyProcess } from '../../shared/process-identity.ts';
import { outputOf } from '../support/command.ts';

/** What stands in the kernel for one test: each list is empty when there is nothing. */
export interface Footprint {
  processes: string[];
  mounts: string[];
  /** Of the mounts, those that hold a namespace. */
  namespaces: string[];
  runDirectories: string[];
  links: string[];
  cgroups: string[];
  rules: string[];
}

export const nothing: Footprint = {
  processes: [],
  mounts: [],
  namespaces: [],
  runDirectories: [],
  links: [],
  cgroups: [],
  rules: [],
};

/**
 * Everything that belongs to these agents, or names this directory. Other instances of Berth on the machine are not seen.
 * `links` are more network interfaces to look for: a cable's name does not tell whose it is.
 */
export async function footprintOf(
  directory: string,
  agents: readonly AgentPaths[],
  links: Iterable<string> = [],
): Promise<Footprint> {
  const marks = [directory, ...agents.flatMap(({ run, cgroup }) => [run, `${cgroup}/`])];
  const names = agents.flatMap(({ bridge, table }) => [bridge, table]);
  const isOurs = (text: string): boolean => marks.some((mark) => text.includes(mark));
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter(isOurs);
  const wanted = new Set([...names, ...links]);
  return {
    processes: await findProcesses(isOurs),
    mounts,
    namespaces: mounts.filter((line) => line.includes(' - nsfs ')),
    runDirectories: agents.map(({ run }) => run).filter((run) => existsSync(run)),
    links: (await readdir('/sys/class/net')).filter((name) => wanted.has(name)),
    cgroups: await findCgroups(agents),
    rules: await findRules(names),
  };
}

/** Cables in an agent's bridge. */
export async function cablesOf({ bridge }: AgentPaths): Promise<string[]> {
  return readdir(join('/sys/class/net', bridge, 'brif')).catch(() => []);
}

async function findProcesses(isOurs: (text: string) => boolean): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      if (identifyProcess(Number(pid)) === undefined) return []; // a zombie is its parent's
      const [command = '', cgroup = ''] = await Promise.all(
        ['cmdline', 'cgroup'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')),
      );
      if (command === '') return []; // its memory is gone already: it is ending
      return isOurs(command) || isOurs(cgroup) ? [`${pid} ${command.replaceAll('\0', ' ')}`] : [];
    }),
  );
  return found.flat();
}

async function findCgroups(agents: readonly AgentPaths[]): Promise<string[]> {
  const roots = (await readFile('/proc/self/mountinfo', 'utf8'))
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .map((line) => line.split(' ')[4] ?? '');
  return roots.flatMap((root) => agents.map(({ cgroup }) => join(root, cgroup))).filter((path) => existsSync(path));
}

/** nft tables by name, and rules of others that name a bridge. */
async function findRules(names: readonly string[]): Promise<string[]> {
  const lines = (await outputOf('nft', ['list', 'ruleset'])).split('\n');
  return lines.filter((line) => names.some((name) => line.includes(name)));
}
