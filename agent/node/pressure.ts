import { readFile, statfs } from 'node:fs/promises';
import type { NodeCondition } from '../../shared/objects/types.ts';
import { diskReserveBytes, memoryReserveBytes } from './host-facts.ts';

/** How full the machine is. */
export interface Pressure {
  memoryAvailableBytes: number;
  diskAvailableBytes: number;
  diskBytes: number;
  /** Part of all. */
  inodesAvailable: number;
  processes: number;
  maxProcesses: number;
}

/** Type of the condition of a disk that is nearly full. */
export const diskPressure = 'DiskPressure';

const inodeReserve = 0.05;
const processReserve = 0.1;

export async function readPressure(dataDir: string): Promise<Pressure> {
  const disk = await statfs(dataDir);
  const [, , , tasks = '0/0'] = (await readFile('/proc/loadavg', 'utf8')).split(' ');
  const limits = await Promise.all(
    ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'].map((path) => readFile(path, 'utf8')),
  );
  return {
    memoryAvailableBytes: availableMemory(await readFile('/proc/meminfo', 'utf8')),
    diskAvailableBytes: disk.bavail * disk.bsize,
    diskBytes: disk.blocks * disk.bsize,
    // Some file systems have no fixed number of inodes.
    inodesAvailable: share(disk.ffree, disk.files),
    processes: Number(tasks.split('/')[1]),
    maxProcesses: Math.min(...limits.map(Number)),
  };
}

export function availableMemory(meminfo: string): number {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(meminfo);
  return match === null ? Infinity : Number(match[1]) * 1024;
}

function share(free: number, all: number): number {
  return all === 0 ? 1 : free / all;
}

/** The three pressure conditions, with what is short. */
export function pressureConditions(pressure: Pressure): NodeCondition[] {
  const { memoryAvailableBytes, diskAvailableBytes, diskBytes, inodesAvailable, processes, maxProcesses } = pressure;
  const disk = [
    ...(diskAvailableBytes < diskReserveBytes(diskBytes)
      ? [`${mebibytes(diskAvailableBytes)} of the disk are free, ${mebibytes(diskReserveBytes(diskBytes))} are to be`]
      : []),
    ...(inodesAvailable < inodeReserve ? [`${percent(inodesAvailable)} of the inodes are free`] : []),
  ];
  const memory = memoryAvailableBytes < memoryReserveBytes ? ['less than 100 MiB of memory are available'] : [];
  const pids = processes > maxProcesses * (1 - processReserve) ? [`${processes} of ${maxProcesses} processes run`] : [];
  return [
    condition('MemoryPressure', 'InsufficientMemory', 'SufficientMemory', memory),
    condition(diskPressure, 'DiskPressure', 'NoDiskPressure', disk),
    condition('PIDPressure', 'InsufficientPID', 'SufficientPID', pids),
  ];
}

function condition(type: string, bad: string, good: string, problems: string[]): NodeCondition {
  if (problems.length > 0) return { type, status: 'True', reason: `NodeHas${bad}`, message: problems.join('; ') };
  return { type, status: 'False', reason: `NodeHas${good}`, message: 'enough is left' };
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}
