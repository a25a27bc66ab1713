import { setTimeout as sleep } from 'node:timers/promises';
import { statOf } from '../../host/processes.ts';
import type { Cgroups } from './cgroups.ts';

const rounds = 50;
const pauseMs = 10;

/** Kills a command that was started in a container, and all that came of it, but nothing else of the container. */
export async function killSession(cgroups: Cgroups, cgroup: string, leader: number): Promise<void> {
  const known = new Set([leader]);
  for (let round = 0; round < rounds; round += 1) {
    const members = await cgroups.processes(cgroup);
    const victims = findFamily(members, known);
    if (victims.length === 0) return;
    for (const pid of victims) {
      known.add(pid);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended meanwhile.
      }
    }
    await sleep(pauseMs);
  }
}

/** Members that are in a session, or are the child, of a known one. A zombie is dead already. */
function findFamily(members: number[], known: ReadonlySet<number>): number[] {
  const stats = members.map((pid) => ({ pid, stat: statOf(pid) }));
  const family = new Set(known);
  let grown = true;
  while (grown) {
    grown = false;
    for (const { pid, stat } of stats) {
      if (stat === undefined || family.has(pid) || !(family.has(stat.parent) || family.has(stat.session))) continue;
      family.add(pid);
      grown = true;
    }
  }
  return stats
    .filter(({ pid, stat }) => family.has(pid) && stat !== undefined && stat.state !== 'Z')
    .map(({ pid }) => pid);
}
