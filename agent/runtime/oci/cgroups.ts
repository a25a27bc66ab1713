import { constants, mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rmdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readIfExists } from '../../host/files.ts';
import { errnoCode } from '../../host/libc.ts';
import type { CgroupMounts } from './cgroup-mounts.ts';
import type { CgroupFacts } from './spec/host-limits.ts';

export interface CgroupUsage {
  cpuSeconds: number;
  workingSetBytes: number;
}

/** What a cgroup gets; what is absent stays as it is. In thousandths of a core. */
export interface CgroupShare {
  /** Beside its siblings, when all of them want more than there is. */
  cpuRequestMillis?: number;
  /** At most, even when nobody else wants it. */
  cpuLimitMillis?: number;
  /** Processes and threads in it and below it. */
  pidsLimit?: number;
}

/** Controllers of the limits that a pod may set. */
export const limiting = ['cpu', 'memory', 'pids'] as const;
/** Of the processor time that limits are counted in; the kernel's default. */
export const cpuPeriodMicros = 100_000;

/** Reads, empties and removes cgroups by their path below the mounts, as `/berth/1234abcd/<pod>/<container>`. */
export class Cgroups {
  readonly mounts: CgroupMounts;

  constructor(mounts: CgroupMounts) {
    this.mounts = mounts;
  }

  /**
   * Makes a cgroup in which cgroups can be limited, and tells by what. On v2 a controller acts only below cgroups that
   * all pass it on, which one with processes of its own refuses: what has arrived there is what works.
   */
  async prepare(path: string): Promise<CgroupFacts> {
    await this.make(path);
    if (!this.mounts.isVersion2) {
      const swap = await readIfExists(join(this.#root('memory'), 'memory.memsw.limit_in_bytes'));
      return { controllers: new Set(this.mounts.roots.keys()), hasSwapAccounting: swap !== undefined };
    }
    for (const each of [...ancestors(path), path]) await passOn(join(this.#root(''), each));
    const directory = join(this.#root(''), path);
    const [names, swap] = await readAll(directory, ['cgroup.controllers', 'memory.swap.max']);
    return { controllers: new Set(names?.trim().split(' ')), hasSwapAccounting: swap !== undefined };
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

  /** Makes the cgroup for the controllers concerned and sets its share; without effect where one of them is missing. */
  share(path: string, { cpuRequestMillis, cpuLimitMillis, pidsLimit }: CgroupShare): void {
    if (cpuRequestMillis !== undefined) {
      const shares = cpuShares(cpuRequestMillis);
      if (this.mounts.isVersion2) this.#set('', path, 'cpu.weight', String(cpuWeight(shares)));
      else this.#set('cpu', path, 'cpu.shares', String(shares));
    }
    if (cpuLimitMillis !== undefined) {
      const quota = (cpuLimitMillis * cpuPeriodMicros) / 1000;
      if (this.mounts.isVersion2) this.#set('', path, 'cpu.max', `${String(quota)} ${String(cpuPeriodMicros)}`);
      else this.#set('cpu', path, 'cpu.cfs_quota_us', String(quota)); // of the default period
    }
    if (pidsLimit !== undefined) this.#set(this.mounts.isVersion2 ? '' : 'pids', path, 'pids.max', String(pidsLimit));
  }

  /** Moves a process there, in every hierarchy that takes it: not in a cpuset without memory nodes, or a read-only one. */
  place(path: string, pid: number): void {
    const files = this.#distinctRoots().map((root) => join(root, path, 'cgroup.procs'));
    for (const file of files) {
      try {
        writeFileSync(file, String(pid)); // no file: ten calls that wait for nothing, where threads would take longer
      } catch {
        // This hierarchy does not take it.
      }
    }
  }

  /** SIGKILL to every process in it, thawed if frozen. Says how many there were. */
  async kill(path: string): Promise<number> {
    const pids = await this.processes(path);
    if (pids.length > 0 && this.mounts.isVersion2 && (await this.#killAtOnce(path))) return pids.length;
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

  /** By the kernel, so that no fork escapes; since Linux 5.14. */
  async #killAtOnce(path: string): Promise<boolean> {
    const file = join(this.#root(''), path, 'cgroup.kill');
    return writeFile(file, '1', { flag: constants.O_WRONLY }).then(
      () => true,
      () => false,
    );
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

  #set(controller: string, path: string, file: string, value: string): void {
    const root = this.mounts.roots.get(controller);
    if (root === undefined) return;
    try {
      mkdirSync(join(root, path), { recursive: true });
      writeFileSync(join(root, path, file), value, { flag: 'r+' });
    } catch {
      // Read-only, or a cgroup above does not pass this controller on: the node's condition says so.
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

/** A request as cgroup v1 wants it: 1024 for a core. */
export function cpuShares(millis: number): number {
  return Math.min(262_144, Math.max(2, Math.round((millis * 1024) / 1000)));
}

/** The same on v2, from 1 to 10,000, by the line through both ends that the OCI runtimes use. */
function cpuWeight(shares: number): number {
  return 1 + Math.floor(((shares - 2) * 9999) / 262_142);
}

/** From the mount down to the path's parent. */
function ancestors(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [...ancestors(above), above];
}

/** Lets the cgroups directly below this one be limited, one controller at a time: some may be missing. */
async function passOn(directory: string): Promise<void> {
  for (const name of limiting) {
    await writeFile(join(directory, 'cgroup.subtree_control'), `+${name}`, { flag: constants.O_WRONLY }).catch(
      () => undefined,
    );
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
