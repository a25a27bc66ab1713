import { closeSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { libc } from './libc.ts';

/** One process for ever. A number alone may belong to another process by the time it is used. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/<pid>/stat, in clock ticks since boot. */
  startTime: string;
  bootId: string;
}

/** What /proc/<pid>/stat says. */
export interface ProcessStat {
  /** R, S, D, Z, T, … */
  state: string;
  parent: number;
  session: number;
  startTime: string;
}

/** Changes with every boot. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Undefined when there is no such process. */
export function statOf(pid: number): ProcessStat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The name is in parentheses and may hold anything, a ')' too: the fields start after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startTime: fields[19] ?? '',
  };
}

/** The number in a file that a monitor or runtime writes; 0 when there is none. */
export async function readPid(path: string): Promise<number> {
  return Number(await readFile(path, 'utf8').catch(() => '0'));
}

/** Undefined when the process has gone, or is a zombie. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = pid > 0 ? statOf(pid) : undefined;
  if (stat === undefined || stat.state === 'Z') return undefined;
  return { pid, startTime: stat.startTime, bootId: bootId() };
}

/** A zombie counts as dead. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const found = await identify(identity.pid);
  return found !== undefined && found.startTime === identity.startTime && found.bootId === identity.bootId;
}

/**
 * Sends a signal to this very process: false when it has gone. With pidfds nothing can come between the check and the
 * signal; without, the check is made in the same tick.
 */
export async function signalProcess(identity: ProcessIdentity, signal: number | NodeJS.Signals): Promise<boolean> {
  if (identity.bootId !== bootId()) return false;
  const number = typeof signal === 'number' ? signal : constants.signals[signal];
  const native = libc();
  try {
    if (native === undefined) {
      if (statOf(identity.pid)?.startTime !== identity.startTime) return false;
      process.kill(identity.pid, number);
      return true;
    }
    const pidfd = native.pidfdOpen(identity.pid);
    try {
      if (statOf(identity.pid)?.startTime !== identity.startTime) return false;
      native.pidfdSendSignal(pidfd, number);
      return true;
    } finally {
      closeSync(pidfd);
    }
  } catch {
    return false; // ESRCH: it went in between
  }
}
