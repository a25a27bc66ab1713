import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

const pattern = /^(\d+)-(\d+)-[0-9a-f]{8}$/;

/**
 * The name under which one store of one process keeps unfinished work: process id, its start time and chance. Others
 * may take over or remove what carries the name of a process that has ended.
 */
export function newOwner(): string {
  return `${process.pid}-${startTime(process.pid) ?? '0'}-${randomBytes(4).toString('hex')}`;
}

/** Says that the process behind the name still runs. */
export function isOwnerAlive(owner: string): boolean {
  const [, pid, started] = pattern.exec(owner) ?? [];
  return pid !== undefined && startTime(Number(pid)) === started;
}

/** In ticks since the boot; with the pid it names one process. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
