import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identifyProcess, isSameProcess, type ProcessIdentity } from './process-identity.ts';

/** Processes of one data directory that `berth down` has to end, each in `<data-dir>/processes/<name>.json`. */
export interface ProcessRecord extends ProcessIdentity {
  name: string;
  /** What `berth up` says when it is ready: kubeconfig, api, metrics. */
  ready?: Record<string, string>;
}

function folder(dataDir: string): string {
  return join(dataDir, 'processes');
}

/** Writes down a process that lives. */
export function recordProcess(dataDir: string, name: string, pid: number, ready?: Record<string, string>): void {
  const identity = identifyProcess(pid);
  if (identity === undefined) return;
  mkdirSync(folder(dataDir), { recursive: true, mode: 0o700 });
  const file = join(folder(dataDir), `${name}.json`);
  writeFileSync(`${file}.new`, JSON.stringify({ name, ...identity, ready }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

export function forgetProcess(dataDir: string, name: string): void {
  rmSync(join(folder(dataDir), `${name}.json`), { force: true });
}

/** The recorded processes that still live. */
export function livingProcesses(dataDir: string): ProcessRecord[] {
  let files: string[];
  try {
    files = readdirSync(folder(dataDir)).filter((file) => file.endsWith('.json'));
  } catch {
    return [];
  }
  return files
    .map((file) => JSON.parse(readFileSync(join(folder(dataDir), file), 'utf8')) as ProcessRecord)
    .filter((record) => isSameProcess(record));
}

/** SIGTERM, and SIGKILL after `graceMs`; resolves when the process is gone. */
export async function endProcess(record: ProcessIdentity, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  signal(record, 'SIGTERM');
  while (isSameProcess(record)) {
    if (performance.now() > deadline) signal(record, 'SIGKILL');
    await sleep(50);
  }
}

function signal(record: ProcessIdentity, name: NodeJS.Signals): void {
  if (!isSameProcess(record)) return;
  try {
    process.kill(record.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
