import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Kubectl, needsKubectl } from '../api/kubectl.ts';
import { needsRoot } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { Cluster, isReady } from './cluster.ts';
import { shellPod, toolsImage } from './shell-pods.ts';

const agent = 'agent-node-1';
/**
 * Prints up to 20,000 numbered lines a second, for each attempt until the test says so, and never more than the node keeps
 * (five files of 10 MiB). The first attempt ends with 1.
 */
const flood = `
  attempt=$(cat /data/attempts 2>/dev/null || echo 0)
  echo $((attempt + 1)) >/data/attempts
  next=1
  while [ ! -e /signals/end-$attempt ]; do
    if [ $next -lt 200000 ]; then
      seq $next $((next + 1999)) | sed "s/^/attempt $attempt line /; s/$/ ${'.'.repeat(100)}/"
      next=$((next + 2000))
    fi
    usleep 100000
  done
  echo "attempt $attempt wrote $((next - 1))"
  [ $attempt = 0 ] && exit 1
  exec sleep 100000`;

describe('logs, while agent and controller are killed', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let kubectl: Kubectl;
  let signals: string;

  before(async function () {
    needsRoot(this);
    needsKubectl(this);
    cluster = await Cluster.create();
    signals = join(cluster.directory, 'signals');
    mkdirSync(signals);
    await cluster.importImage(toolsImage);
    await cluster.up();
    kubectl = await cluster.kubectl();
  });
  after(() => cluster?.destroy());
  afterEach(function () {
    cluster.explain(this.currentTest);
  });

  const give = (name: string): void => writeFileSync(join(signals, name), '');

  it('comes back with every line once and in order, of every attempt, after the pod is gone', async () => {
    const volumes = [
      { name: 'data', emptyDir: {} },
      { name: 'signals', hostPath: { path: signals } },
    ];
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}` }));
    await cluster.create(shellPod('flood', flood, { volumes }, { volumeMounts }));
    await cluster.untilPod('flood', 'was ready', isReady);
    for (const part of [agent, 'controller']) await cluster.untilBack(part, await cluster.kill(part));
    // The next attempt begins while nobody looks.
    await cluster.untilBack(agent, await cluster.kill(agent, () => Promise.resolve(give('end-0'))));
    await cluster.untilPod(
      'flood',
      'was restarted',
      ({ status }) => status?.containerStatuses?.[0]?.restartCount === 1,
    );
    for (const part of ['controller', agent]) await cluster.untilBack(part, await cluster.kill(part));
    await cluster.untilPod('flood', 'was ready', isReady);
    give('end-1');
    await until(async () => /wrote/.test(await kubectl.ok('logs flood --tail=1')), 'the last line is there', {
      withinMs: 60_000,
      everyMs: 200,
    });
    checkFlood(await kubectl.ok('logs flood'), 1);
    checkFlood(await kubectl.ok('logs flood --previous'), 0);

    await cluster.delete('/api/v1/namespaces/default/pods/flood');
    await until(async () => (await cluster.pod('flood')) === undefined, 'the pod is gone', { withinMs: 60_000 });
    const logs = (...more: string[]): Promise<string> => cluster.berth(['logs', 'flood', ...more]);
    await until(async () => /wrote/.test(await logs('--tail', '1')), 'history has the last line', { withinMs: 60_000 });
    const lines = [checkFlood(await logs(), 1), checkFlood(await logs('--previous'), 0)];
    process.stdout.write(`      ${lines.join(' and ')} lines, each once\n`);
  });

  it('shows the end, the time, and what is newer than asked', async () => {
    await cluster.create(shellPod('ticker', 'i=0; while true; do i=$((i+1)); echo "tick $i"; usleep 200000; done'));
    await cluster.untilPod('ticker', 'was ready', isReady);
    await until(async () => (await kubectl.ok('logs ticker')).split('\n').length > 15, 'it has ticked', {
      withinMs: 30_000,
    });
    const stamped = (await kubectl.ok('logs ticker --timestamps')).split('\n');
    const times = stamped.map((line) => line.split(' ')[0] ?? '');
    assert.match(times[0] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    assert.deepEqual(times, [...times].sort());
    const middle = times[Math.floor(times.length / 2)] ?? '';
    // kubectl sends whole seconds.
    const since = (await kubectl.ok(`logs ticker --timestamps --since-time=${middle}`)).split('\n');
    const expected = stamped.filter((line) => line >= middle.slice(0, 19));
    assert.deepEqual(since.slice(0, expected.length), expected);
    const askedAt = Date.now();
    const [recent = ''] = (await kubectl.ok('logs ticker --timestamps --since=1s')).split('\n');
    assert(Date.parse(recent.split(' ')[0] ?? '') >= askedAt - 1000, `asked at ${askedAt}, got ${recent}`);
    // At the least: what is written while the node reads comes along.
    const [tail = '', ...more] = (await kubectl.ok('logs ticker --tail=3')).split('\n');
    assert(more.length >= 2 && tail > 'tick 1', tail);
    assert.match(
      await kubectl.fails('logs ticker --previous'),
      /previous terminated container "main" in pod "ticker" not found/,
    );
  });

  it('follows, from where it is told, until the container ends', async () => {
    const args = ['--kubeconfig', cluster.ready.kubeconfig, 'logs', '-f', '--tail=2', 'ticker'];
    const child = spawn('kubectl', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const exited = once(child, 'exit') as Promise<[number]>;
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    await until(() => lines.length >= 10, 'ten lines have come', { withinMs: 30_000 });
    await cluster.delete('/api/v1/namespaces/default/pods/ticker');
    assert.equal((await exited)[0], 0);
    const first = Number(lines[0]?.slice(5));
    assert.deepEqual(
      lines,
      lines.map((_line, index) => `tick ${first + index}`),
    );
    await until(async () => (await cluster.pod('ticker')) === undefined, 'the pod is gone', { withinMs: 30_000 });
    assert.equal(await cluster.berth(['logs', 'ticker', '--tail', '3']), `${lines.slice(-3).join('\n')}\n`);
  });
});

/** Every line of an attempt, once and in order, and the last one that counts them; resolves with how many. */
function checkFlood(text: string, attempt: number): number {
  const lines = text.trimEnd().split('\n');
  const end = lines.pop();
  const wrong = lines.findIndex((line, index) => {
    const [, shown, number] = /^attempt (\d) line (\d+) \.{100}$/.exec(line) ?? [];
    return Number(shown) !== attempt || Number(number) !== index + 1;
  });
  assert.equal(wrong, -1, `of attempt ${attempt}, line ${wrong + 1} of ${lines.length} is "${lines[wrong]}"`);
  assert.equal(end, `attempt ${attempt} wrote ${lines.length}`);
  return lines.length;
}
