import { readFile, statfs } from 'node:fs/promises';
import type { SamplesRequest } from '../../shared/bus/messages.ts';

/** Clock ticks per second in /proc/stat: 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** What the whole host uses. `dataPath` names the file system that images and logs fill. */
export async function nodeUsage(dataPath: string): Promise<SamplesRequest['node']> {
  const [stat, meminfo, disk] = await Promise.all([
    readFile('/proc/stat', 'utf8'),
    readFile('/proc/meminfo', 'utf8'),
    statfs(dataPath),
  ]);
  return {
    cpuSeconds: busySeconds(stat),
    workingSetBytes: usedMemory(meminfo),
    filesystemUsedBytes: (disk.blocks - disk.bfree) * disk.bsize,
    filesystemSizeBytes: disk.blocks * disk.bsize,
  };
}

/** All but idle and waiting for disks, over all cores. Guest time is part of user time already. */
export function busySeconds(stat: string): number {
  const line = stat.split('\n').find((each) => each.startsWith('cpu ')) ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond;
}

/** What is not available to new programs without swapping. */
export function usedMemory(meminfo: string): number {
  const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0);
  return (read('MemTotal') - read('MemAvailable')) * 1024;
}
