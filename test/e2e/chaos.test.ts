import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { agentPaths } from '../../agent/paths.ts';
import { footprintOf, nothing } from './footprint.ts';
import { needsRoot } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { Cluster, launcher } from './cluster.ts';
import { randomFrom } from '../support/random-from.ts';
import { RandomChanges } from './random-changes.ts';
import { toolsImage } from './shell-pods.ts';

const seed = Number(process.env['BERTH_CHAOS_SEED'] ?? randomInt(1_000_000));
const runMs = Number(process.env['BERTH_CHAOS_MS'] ?? 15_000);
const parts = ['controller', 'nats-server', 'agent-node-1', 'agent-node-2'];

/** Two nodes whose programs are killed and stopped at random, while a user changes what is wanted. */
describe(`a random run with killed and stopped programs (BERTH_CHAOS_SEED=${seed})`, function () {
  this.timeout(runMs + 150_000);
  const chances = { change: randomFrom(seed), harm: randomFrom(seed + 1), pause: randomFrom(seed + 2) };
  const doubled = new Set<string>();
  let cluster: Cluster;
  let second: SecondAgent;
  let changes: RandomChanges;

  before(async function () {
    needsRoot(this);
    cluster = await Cluster.create();
    second = new SecondAgent(cluster);
    await cluster.importImage(toolsImage);
    await cluster.importImage(toolsImage, { dataDir: cluster.dataDir, nodeName: 'node-2' });
    await cluster.up();
    await second.start((await cluster.berth(['token', 'create'])).trim());
    changes = new RandomChanges(cluster, chances.change);
    await changes.begin();
  });
  after(async () => {
    if (cluster === undefined) return;
    second.stop();
    await cluster.destroy();
    assert.deepEqual(await footprintOf(cluster.dataDir, [second.paths]), nothing);
  });
  afterEach(function () {
    cluster.explain(this.currentTest, [second.logFile]);
  });

  const look = async (): Promise<void> => {
    for (const [uid, ids] of containersByPod(cluster, second)) {
      if (ids.size > 1) doubled.add(`${uid}: ${[...ids].join(' and ')}`);
    }
  };

  it('comes to rest with all that was acknowledged, and no pod ran twice', async () => {
    const faults: string[] = [];
    const stopAt = performance.now() + runMs;
    const untilOver = (work: () => Promise<void>, pauseMs: () => number): Promise<void> =>
      repeat(work, pauseMs, stopAt);
    await Promise.all([
      untilOver(look, () => 150),
      untilOver(
        () => changes.next(),
        () => chances.pause() * 500,
      ),
      untilOver(
        async () => void faults.push(await harm(cluster, chances.harm)),
        () => 100 + chances.pause() * 1500,
      ),
    ]);
    faults.push(...(await Promise.all(parts.map((part) => kill(cluster, part)))));

    const begin = performance.now();
    let left: string[] = [];
    const isAtRest = async (): Promise<boolean> => {
      await look();
      left = [...(await changes.differences()), ...(await strays(cluster, second))];
      return left.length === 0;
    };
    await until(isAtRest, 'everything is as wanted', { withinMs: 60_000, everyMs: 200 }).catch((error: unknown) => {
      throw new Error(`after ${faults.join(', ')}: ${left.join('; ')}`, { cause: error });
    });
    process.stdout.write(`      ${changes.count} changes (${changes.unanswered} unanswered); ${faults.join(', ')}\n`);
    process.stdout.write(`      at rest ${Math.round(performance.now() - begin)} ms after all was killed\n`);
    assert.deepEqual([...doubled], []);
  });
});

/** An agent beside that of `berth up`, started again whenever it ends. */
class SecondAgent {
  readonly paths;
  readonly logFile: string;
  readonly #cluster: Cluster;
  #isStopped = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.paths = agentPaths(cluster.dataDir, 'node-2');
    this.logFile = join(cluster.directory, 'agent-2.log');
  }

  /** Resolves when the node is ready. */
  async start(token: string): Promise<void> {
    void this.#run(token);
    const isReady = async (): Promise<boolean> =>
      (await this.#cluster.run(['wait', 'node/node-2', '--for=condition=Ready', '--timeout=1s'])).code === 0;
    await until(isReady, 'node-2 is ready', { withinMs: 60_000, everyMs: 100 });
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #run(token: string): Promise<void> {
    while (!this.#isStopped) {
      const log = openSync(this.logFile, 'a');
      const args = ['agent', '--data-dir', this.#cluster.dataDir, '--node-name', 'node-2'];
      const env = { ...process.env, BERTH_JOIN_TOKEN: token };
      const agent = spawn(launcher, args, { stdio: ['ignore', log, log], env });
      closeSync(log);
      await once(agent, 'exit');
    }
  }
}

async function repeat(work: () => Promise<void>, pauseMs: () => number, stopAt: number): Promise<void> {
  while (performance.now() < stopAt) {
    await work();
    await sleep(pauseMs()); // any moment will do, and each seed takes others
  }
}

/** Kills a part, or stops it for a while; says what it did. */
async function harm(cluster: Cluster, random: () => number): Promise<string> {
  const part = parts[Math.floor(random() * parts.length)] ?? '';
  const [isKilled, pauseMs] = [random() < 0.6, Math.round(200 + random() * 5000)];
  const pid = cluster.pidOf(part);
  if (isKilled || pid === undefined) return kill(cluster, part);
  process.kill(pid, 'SIGSTOP');
  await sleep(pauseMs);
  if (cluster.pidOf(part) === pid) process.kill(pid, 'SIGCONT');
  return `${part} stopped for ${pauseMs} ms`;
}

async function kill(cluster: Cluster, part: string): Promise<string> {
  const pid = cluster.pidOf(part);
  if (pid === undefined) return `${part} was away`;
  process.kill(pid, 'SIGKILL');
  return `${part} killed`;
}

/** Ids of the containers that run, by `<uid>`; from the process table, both nodes together. */
function containersByPod(cluster: Cluster, second: SecondAgent): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const cgroup = readIfThere(`/proc/${pid}/cgroup`);
    for (const { cgroup: ours } of [cluster.paths, second.paths]) {
      const [, uid = '', container = ''] = new RegExp(`${ours}/([^/\\s]+)/([^/\\s]+)`).exec(cgroup) ?? [];
      if (uid !== '' && uid !== 'monitors') found.set(uid, (found.get(uid) ?? new Set()).add(container));
    }
  }
  return found;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** What runs, or stands on disk, for pods that are not there. */
async function strays(cluster: Cluster, second: SecondAgent): Promise<string[]> {
  const uids = new Set((await cluster.pods()).map(({ metadata }) => metadata.uid));
  const running = [...containersByPod(cluster, second).keys()];
  const kept = [cluster.paths, second.paths].flatMap(({ pods }) => readdirSync(pods));
  return [...new Set([...running, ...kept])].filter((uid) => !uids.has(uid)).map((uid) => `left of ${uid}`);
}
