import { mkdir, readFile, readdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readIfExists } from '../../host/files.ts';
import { errnoCode } from '../../host/libc.ts';
import type { CgroupFacts } from './spec/host-limits.ts';

/** The cgroup file systems of this machine: one (v2), or one for each controller (v1, with or without a unified one). */
export interface CgroupMounts {
  isVersion2: boolean;
  /** Mount point by controller; on v2 the only one is ''. Named hierarchies as `name=systemd`; the unified one of a hybrid as 'unified'. */
  roots: ReadonlyMap<string, string>;
}

/** Read from the mounts of this process. */
export async function findCgroupMounts(): Promise<CgroupMounts> {
  const roots = new Map<string, string>();
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [type, , options = ''] = right.split(' ');
    const point = left.split(' ')[4] ?? '';
    if (type === 'cgroup2') roots.set('unified', point);
    if (type === 'cgroup') for (const option of options.split(',')) if (option !== 'rw') roots.set(option, point);
  }
  const unified = roots.get('unified');
  if (roots.size === 1 && unified !== undefined) return { isVersion2: true, roots: new Map([['', unified]]) };
  return { isVersion2: false, roots };
}

export interface CgroupUsage {
  cpuSeconds: number;
  workingSetBytes: number;
}

/** Reads, empties and removes cgroups by their path below the mounts, as `/berth/1234abcd/<pod>/<container>`. */
export class Cgroups {
  readonly mounts: CgroupMounts;

  constructor(mounts: CgroupMounts) {
    this.mounts = mounts;
  }

  async facts(): Promise<CgroupFacts> {
    if (this.mounts.isVersion2) {
      const names = await readFile(join(this.#root(''), 'cgroup.controllers'), 'utf8');
      return { controllers: new Set(names.trim().split(' ')), hasSwapAccounting: true };
    }
    const swap = await readIfExists(join(this.#root('memory'), 'memory.memsw.limit_in_bytes'));
    return { controllers: new Set(this.mounts.roots.keys()), hasSwapAccounting: swap !== undefined };
  }

  /** All processes in the cgroup and below it. */
  async processes(path: string): Promise<number[]> {
    const pids = new Set<number>();
    for (const directory of await tree(join(this.#processRoot(), path))) {
      const text = (await readIfExists(join(directory, 'cgroup.procs'))) ?? '';
      for (const line of text.split('\n')) if (line !== '') pids.add(Number(line));
    }
    pids.delete(0); // a process of a pid namespace that this one does not see
    return [...pids];
  }

  /** Makes a cgroup in every hierarchy that lets it. */
  async make(path: string): Promise<void> {
    const roots = this.#distinctRoots();
    await Promise.allSettled(roots.map((root) => mkdir(join(root, path), { recursive: true })));
  }

  /** Moves a process there, in every hierarchy that takes it: not in a cpuset without memory nodes, or a read-only one. */
  async place(path: string, pid: number): Promise<void> {
    const files = this.#distinctRoots().map((root) => join(root, path, 'cgroup.procs'));
    await Promise.allSettled(files.map((file) => writeFile(file, String(pid))));
  }

  /** SIGKILL to every process in it, thawed if frozen. Says how many there were. */
  async kill(path: string): Promise<number> {
    const pids = await this.processes(path);
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL'); // a member a moment ago; what takes its number within microseconds was forked there too
      } catch {
        // It went by itself.
      }
    }
    if (pids.length > 0) await this.#thaw(path);
    return pids.length;
  }

  /** Removes it and what is below it, in every hierarchy; processes in it must be gone. False when it is still in use. */
  async remove(path: string): Promise<boolean> {
    let isGone = true;
    for (const root of this.#distinctRoots()) {
      for (const directory of (await tree(join(root, path))).reverse()) {
        try {
          await rmdir(directory);
        } catch (error) {
          if (errnoCode(error) !== 'ENOENT') isGone = false;
        }
      }
    }
    return isGone;
  }

  /** Removes it where nothing is below it and nothing runs in it. */
  async removeIfEmpty(path: string): Promise<void> {
    await Promise.allSettled(this.#distinctRoots().map((root) => rmdir(join(root, path))));
  }

  /** Names of the cgroups directly below it, in any hierarchy. */
  async children(path: string): Promise<string[]> {
    const names = new Set<string>();
    for (const root of this.#distinctRoots()) {
      for (const directory of await subdirectories(join(root, path))) names.add(directory);
    }
    return [...names];
  }

  /** Undefined when it has gone. */
  async usage(path: string): Promise<CgroupUsage | undefined> {
    if (this.mounts.isVersion2) {
      const directory = join(this.#root(''), path);
      const [cpu, memory, stat] = await readAll(directory, ['cpu.stat', 'memory.current', 'memory.stat']);
      if (cpu === undefined) return undefined;
      const workingSetBytes = Math.max(0, Number(memory ?? 0) - field(stat, 'inactive_file'));
      return { cpuSeconds: field(cpu, 'usage_usec') / 1e6, workingSetBytes };
    }
    const [cpu] = await readAll(join(this.#root('cpuacct'), path), ['cpuacct.usage']);
    const memoryFiles = ['memory.usage_in_bytes', 'memory.stat'];
    const [memory, stat] = await readAll(join(this.#root('memory'), path), memoryFiles);
    if (cpu === undefined || memory === undefined) return undefined;
    const workingSetBytes = Math.max(0, Number(memory) - field(stat, 'total_inactive_file'));
    return { cpuSeconds: Number(cpu) / 1e9, workingSetBytes };
  }

  /** How many of its processes the kernel has killed for lack of memory. */
  async outOfMemoryKills(path: string): Promise<number> {
    const [root, file] = this.mounts.isVersion2 ? ['', 'memory.events'] : ['memory', 'memory.oom_control'];
    return field(await readIfExists(join(this.#root(root), path, file)), 'oom_kill');
  }

  async #thaw(path: string): Promise<void> {
    const [root, file, value] = this.mounts.isVersion2
      ? ['', 'cgroup.freeze', '0']
      : ['freezer', 'freezer.state', 'THAWED'];
    try {
      await writeFile(join(this.#root(root), path, file), value);
    } catch {
      // No freezer, or the cgroup has gone: nothing is frozen.
    }
  }

  #root(controller: string): string {
    return this.mounts.roots.get(controller) ?? '/sys/fs/cgroup';
  }

  /** A hierarchy that every container is in. */
  #processRoot(): string {
    const { roots } = this.mounts;
    return roots.get('') ?? roots.get('pids') ?? roots.get('freezer') ?? this.#root('memory');
  }

  #distinctRoots(): string[] {
    return [...new Set(this.mounts.roots.values())];
  }
}

/** The directory and all below it, parents first; [] when there is none. */
async function tree(directory: string): Promise<string[]> {
  const children = await subdirectories(directory);
  if (children.length === 0) return [directory];
  const below = await Promise.all(children.map((name) => tree(join(directory, name))));
  return [directory, ...below.flat()];
}

async function subdirectories(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function readAll(directory: string, files: string[]): Promise<(string | undefined)[]> {
  return Promise.all(files.map((file) => readIfExists(join(directory, file))));
}

function field(text: string | undefined, name: string): number {
  const line = (text ?? '').split('\n').find((entry) => entry.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}
