/**
 * Memory and CPU time of Berth's processes at rest, with no pods and with some: resident memory, the part of it that no
 * other process shares, and the share of one core over half a minute; against a Node.js that does nothing. As root, after
 * `npm run build`: `node bench/idle.ts [pods]`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { livingProcesses } from '../shared/process-records.ts';
import type { Cluster } from '../test/e2e/cluster.ts';
import { apply, benchPod, untilPods, withCluster } from './bench-cluster.ts';

const count = Number(process.argv[2] ?? 20);
const settleMs = 10_000;
const measureMs = 30_000;
const ticksPerSecond = 100;

const empty = await residentOfEmptyNode();
console.log(`${'node alone'.padEnd(16)} ${mebibytes(empty.resident)} MiB resident, ${mebibytes(empty.own)} MiB own`);
await withCluster(async (cluster) => {
  await report(cluster, 'no pods', empty.resident);
  const waiting = new Set(Array.from({ length: count }, (_, index) => `pod-${index}`));
  const applyAll = async (): Promise<void> => {
    for (const name of waiting) await apply(cluster, benchPod(name));
  };
  await untilPods(cluster, applyAll, ({ metadata, status }) => {
    if (status?.phase === 'Running') waiting.delete(metadata.name);
    return waiting.size === 0;
  });
  await report(cluster, `${count} pods`, empty.resident);
});

async function report(cluster: Cluster, title: string, peer: number): Promise<void> {
  await sleep(settleMs);
  const processes = livingProcesses(cluster.dataDir);
  const before = processes.map(({ pid }) => cpuTicks(pid));
  await sleep(measureMs);
  console.log(`\n${title}`);
  for (const [index, { name, pid }] of processes.entries()) {
    const { resident, own } = memoryOf(pid);
    const ticks = cpuTicks(pid) - (before[index] ?? 0);
    const share = (ticks / ticksPerSecond / (measureMs / 1000)) * 100;
    const memory = `${mebibytes(resident)} MiB resident, ${mebibytes(own)} MiB own`;
    const ratio = `${(resident / peer).toFixed(2)} of node alone`;
    console.log(`${name.padEnd(16)} ${memory}, ${share.toFixed(2).padStart(5)} % of a core, ${ratio}`);
  }
}

function memoryOf(pid: number): { resident: number; own: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const sum = (...fields: string[]): number => {
    return fields.reduce(
      (bytes, field) => bytes + Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1]) * 1024,
      0,
    );
  };
  return { resident: sum('Rss'), own: sum('Private_Clean', 'Private_Dirty') };
}

/** User and system time, in ticks. */
function cpuTicks(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function residentOfEmptyNode(): Promise<{ resident: number; own: number }> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log("up")']);
  await once(child.stdout, 'data');
  const memory = memoryOf(child.pid ?? 0);
  child.kill();
  return memory;
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(1).padStart(6);
}
