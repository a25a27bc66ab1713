import { linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDiskFull } from './disk-reserve.ts';
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

/**
 * Writes down a process that lives. On a full disk there is no record, and whoever looks for one does not find the
 * process: it is more important that it goes on.
 */
export function recordProcess(dataDir: string, name: string, pid: number, ready?: Record<string, string>): void {
  try {
    writeRecord(dataDir, name, pid, ready, renameSync);
  } catch (error) {
    if (!isDiskFull(error)) throw error;
  }
}

/**
 * Writes this process down under a name that only one may have at a time. Returns the living process that has it;
 * undefined when it is this one's now.
 */
export function claimProcess(dataDir: string, name: string): ProcessRecord | undefined {
  const file = fileOf(dataDir, name);
  for (;;) {
    const holder = readRecord(file);
    if (holder !== undefined && isSameProcess(holder)) return holder.pid === process.pid ? undefined : holder;
    rmSync(file, { force: true });
    try {
      writeRecord(dataDir, name, process.pid, undefined, linkSync);
      return undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // somebody else was faster
    }
  }
}

export function forgetProcess(dataDir: string, name: string): void {
  rmSync(fileOf(dataDir, name), { force: true });
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
    .map((file) => readRecord(join(folder(dataDir), file)))
    .filter((record): record is ProcessRecord => record !== undefined && isSameProcess(record));
}

function fileOf(dataDir: string, name: string): string {
  return join(folder(dataDir), `${name}.json`);
}

type Publish = (complete: string, path: string) => void;

function writeRecord(
  dataDir: string,
  name: string,
  pid: number,
  ready: ProcessRecord['ready'],
  publish: Publish,
): void {
  const identity = identifyProcess(pid);
  if (identity === undefined) return;
  mkdirSync(folder(dataDir), { recursive: true, mode: 0o700 });
  const complete = `${fileOf(dataDir, name)}.${process.pid}.new`;
  try {
    writeFileSync(complete, JSON.stringify({ name, ...identity, ready }), { mode: 0o600 });
    publish(complete, fileOf(dataDir, name));
  } finally {
    rmSync(complete, { force: true });
  }
}

/** Undefined for a file that is gone or damaged: only a power cut damages one, and nothing it told of has survived that. */
function readRecord(file: string): ProcessRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as ProcessRecord | null;
    return typeof record?.name === 'string' && Number.isSafeInteger(record.pid) ? record : undefined;
  } catch {
    return undefined;
  }
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
