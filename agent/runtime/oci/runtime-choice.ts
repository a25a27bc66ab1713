import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError } from '../../../shared/errors.ts';
import { run } from '../../host/run.ts';
import type { CgroupMounts } from './cgroup-mounts.ts';

/** An OCI runtime of this machine. */
export interface OciRuntime {
  name: 'runc' | 'crun';
  /** Absolute. */
  path: string;
  version: string;
}

/**
 * crun where there is only cgroup v2, since it starts faster there; runc everywhere else, and where crun is not
 * installed. crun refuses a hybrid whose unified hierarchy has controllers, and on v2 it raises a limit of its own.
 */
export async function chooseRuntime(mounts: CgroupMounts, capabilities: ReadonlySet<string>): Promise<OciRuntime> {
  const names =
    mounts.isVersion2 && capabilities.has('CAP_SYS_RESOURCE')
      ? (['crun', 'runc'] as const)
      : (['runc', 'crun'] as const);
  for (const name of names) {
    if (name === 'crun' && !(await acceptsCrun(mounts))) continue;
    const runtime = await probe(name);
    if (runtime !== undefined) return runtime;
  }
  throw new ApiError('ServiceUnavailable', 'no OCI runtime works on this machine: install runc');
}

/** Where the monitor program is; throws when there is none. */
export async function findMonitor(): Promise<string> {
  const path = await which('conmon');
  if (path === undefined) throw new ApiError('ServiceUnavailable', 'conmon is not on this machine: install conmon');
  return path;
}

/** By name, for a container that was made with it. */
export async function probe(name: OciRuntime['name']): Promise<OciRuntime | undefined> {
  const path = await which(name);
  if (path === undefined) return undefined;
  const { code, stdout } = await run(path, ['--version'], { timeoutMs: 10_000 });
  const version = /version (\d+(?:\.\d+)*)/.exec(stdout)?.[1];
  return code === 0 && version !== undefined ? { name, path, version } : undefined;
}

async function acceptsCrun(mounts: CgroupMounts): Promise<boolean> {
  const unified = mounts.roots.get('unified');
  if (unified === undefined) return true;
  return (await readFile(join(unified, 'cgroup.controllers'), 'utf8')).trim() === '';
}

async function which(name: string): Promise<string | undefined> {
  const { code, stdout } = await run('sh', ['-c', 'command -v "$1"', 'sh', name], { timeoutMs: 10_000 });
  return code === 0 ? stdout.trim() : undefined;
}
