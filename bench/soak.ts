/**
 * Memory of controller and agent under work that comes and goes: rounds of pods on one node, of writes, and of watches.
 * Prints resident memory after each round and the slope over the later half of them, which is what stays. As root, after
 * `npm run build`: `node bench/soak.ts [pods] [writes] [watches]`, in all, in ten rounds.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { livingProcesses } from '../shared/process-records.ts';
import type { Cluster } from '../test/e2e/cluster.ts';
import { apply, benchPod, removePods, untilPods, withCluster } from './bench-cluster.ts';

const [pods = 1000, writes = 100_000, watches = 1000] = process.argv.slice(2).map(Number);
const rounds = 10;
const atOnce = 10;
const writers = 64;
const settleMs = 3000;

await withCluster(async (cluster) => {
  const series = new Map<string, number[]>();
  note(cluster, series, 'start');
  for (let round = 0; round < rounds; round += 1) {
    for (let left = pods / rounds; left > 0; left -= atOnce) await churnPods(cluster, round, Math.min(left, atOnce));
    await write(cluster, writes / rounds);
    await watch(cluster, watches / rounds);
    await sleep(settleMs);
    note(cluster, series, `round ${round + 1}`);
  }
  const share = { pods: pods / rounds, writes: writes / rounds, watches: watches / rounds };
  console.log(`\nslope over the later half, per round of ${JSON.stringify(share)}`);
  for (const [name, values] of series) {
    const later = values.slice(-rounds / 2);
    const slope = ((later.at(-1) ?? 0) - (later[0] ?? 0)) / (later.length - 1);
    console.log(`${name.padEnd(16)} ${slope.toFixed(2).padStart(6)} MiB`);
  }
});

function note(cluster: Cluster, series: Map<string, number[]>, title: string): void {
  const numbers = livingProcesses(cluster.dataDir).map(({ name, pid }) => {
    const resident = Number(/^Rss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024;
    series.set(name, [...(series.get(name) ?? []), resident]);
    return `${name} ${resident.toFixed(1)}`;
  });
  console.log(`${title.padEnd(10)} ${numbers.join('   ')} MiB`);
}

async function churnPods(cluster: Cluster, round: number, count: number): Promise<void> {
  const waiting = new Set(Array.from({ length: count }, (_, index) => `pod-${round}-${index}`));
  const applyAll = async (): Promise<void> => {
    await Promise.all([...waiting].map((name) => apply(cluster, benchPod(name))));
  };
  await untilPods(cluster, applyAll, ({ metadata, status }) => {
    if (status?.phase === 'Running') waiting.delete(metadata.name);
    return waiting.size === 0;
  });
  await removePods(cluster);
}

/** The same few objects again and again, so that the store itself does not grow. */
async function write(cluster: Cluster, count: number): Promise<void> {
  const path = '/api/v1/namespaces/default/configmaps';
  const writeSome = async (writer: number): Promise<void> => {
    for (let turn = 0; turn < count / writers; turn += 1) {
      const body = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `soak-${writer}` },
        data: { turn: String(turn) },
      };
      await cluster.client.call('PATCH', `${path}/soak-${writer}`, {
        body,
        contentType: 'application/apply-patch+yaml',
        query: { fieldManager: 'soak', force: 'true' },
      });
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => writeSome(writer)));
}

async function watch(cluster: Cluster, count: number): Promise<void> {
  for (let left = count; left > 0; left -= atOnce) {
    const query = { watch: 'true', timeoutSeconds: '60' };
    const open = Array.from({ length: atOnce }, () => cluster.client.open('GET', '/api/v1/configmaps', { query }));
    for (const response of await Promise.all(open)) {
      await new Promise((resolve) => response.once('data', resolve));
      response.on('error', () => undefined).destroy();
    }
  }
}
