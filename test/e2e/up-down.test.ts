import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { needsRegistry, startRegistry, type RealRegistry } from '../agent/images/real-registry.ts';
import { type Kubectl, needsKubectl } from '../api/kubectl.ts';
import { until } from '../support/until.ts';
import { Cluster, isReady } from './cluster.ts';
import { containerProcesses } from './container-processes.ts';
import { cablesOf, nothing } from './footprint.ts';
import { freePorts } from '../support/free-ports.ts';
import { idle, shellPod, toolsImage } from './shell-pods.ts';
import { needsRoot } from '../support/needs.ts';

/** The life of Berth on one machine, as the README tells it. */
describe('berth up and down', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let registry: RealRegistry;
  let kubectl: Kubectl;
  let image: string;
  let url: string;

  before(async function () {
    needsRoot(this);
    needsRegistry(this);
    needsKubectl(this);
    registry = await startRegistry();
    cluster = await Cluster.create();
    const [port] = await freePorts(1);
    url = `http://127.0.0.1:${port}/`;
    image = `${registry.host}/hello:1`;
  });
  after(async () => {
    await registry?.close();
    await cluster?.destroy();
  });

  afterEach(function () {
    cluster.explain(this.currentTest);
  });

  const answer = async (): Promise<string> => (await fetch(url, { signal: AbortSignal.timeout(5000) })).text();
  const untilAnswer = (what: RegExp): Promise<void> =>
    until(async () => what.test(await answer()), `${url} answers ${what}`, { withinMs: 30_000, everyMs: 100 });
  const manifest = (greeting: string): string =>
    readFileSync(join(import.meta.dirname, '../../manifests/hello.yaml'), 'utf8')
      .replace('127.0.0.1:7450/hello:1', image)
      .replace('hostPort: 8088', `hostPort: ${new URL(url).port}`)
      .replace('Hello from Berth', greeting);

  it('says in one line when it is ready, and where everything is', async () => {
    const { kubeconfig, api, metrics } = await cluster.up();
    assert.equal(kubeconfig, join(cluster.dataDir, 'admin.kubeconfig'));
    assert(cluster.upArguments.includes(new URL(api).host));
    assert.match(await (await fetch(metrics)).text(), /^# HELP /);
    kubectl = await cluster.kubectl();
    assert.match(await kubectl.ok('get nodes'), /^node-1 +Ready /m);
  });

  it('leaves no join token where the agent can be looked at', async () => {
    const agent = cluster.pidOf('agent-node-1');
    const seen = ['environ', 'cmdline'].map((file) => readFileSync(`/proc/${agent}/${file}`, 'utf8'));
    assert(!seen.join('').includes('berth1.'), 'the token is there for others to see');
    assert(!existsSync(join(cluster.dataDir, 'join-token')));
  });

  it('refuses to run twice on one data directory', async () => {
    const { code, stderr } = await cluster.run(['up', ...cluster.upArguments]);
    assert.deepEqual([code, /already runs/.test(stderr)], [2, true]);
  });

  it('makes an image of a root file system and pushes it to a registry', async () => {
    await cluster.importImage(image);
    const store = ['--data-dir', cluster.dataDir, '--node-name', cluster.nodeName];
    assert.match(await cluster.berth(['image', 'push', image, ...store]), /hello:1 sha256:[0-9a-f]{64}/);
    await cluster.berth(['image', 'rm', image, ...store]);
    assert.doesNotMatch(await cluster.berth(['image', 'ls', ...store]), /hello/);
  });

  it('runs the demo, which answers on its host port', async () => {
    const file = join(cluster.directory, 'hello.yaml');
    await writeFile(file, manifest('Good morning'));
    assert.match(await kubectl.ok(`apply -f ${file}`), /deployment.apps\/hello created/);
    assert.match(await kubectl.ok('rollout status deployment/hello --timeout=60s'), /successfully rolled out/);
    assert.match(await answer(), /^Good morning, pod hello-\S+ on node node-1$/m);
  });

  it('shows it to kubectl and berth alike', async () => {
    assert.match(await kubectl.ok('get deployment,rs,pod -o wide'), /pod\/hello-\S+ +1\/1 +Running +0 /);
    assert.match(await cluster.berth(['get', 'pods', '-o', 'wide']), /hello-\S+ +1\/1 +Running/);
    const [{ metadata } = { metadata: { name: '' } }] = await cluster.pods('app=hello');
    const described = await kubectl.ok(`describe pod ${metadata.name}`);
    assert.match(described, new RegExp(`Image: +${image}`));
    assert.match(described, /Normal +Pulled .*Successfully pulled image/);
    assert.match(described, /Normal +Started /);
    assert.match(await cluster.berth(['describe', 'pod', metadata.name]), /Successfully pulled image/);
    assert.match(await kubectl.ok('logs deployment/hello'), /response:200/);
    assert.match(await cluster.berth(['logs', 'deployment/hello', '--tail', '1']), /response:200/);
  });

  it('runs commands in the container, with input and exit code', async () => {
    assert.equal(await kubectl.ok('exec -i deployment/hello -- cat', { stdin: 'from outside' }), 'from outside');
    assert.equal((await kubectl.run(['exec', 'deployment/hello', '--', 'sh', '-c', 'exit 7'])).code, 7);
    const own = await cluster.run(['exec', '-i', 'deployment/hello', '--', 'sh', '-c', 'wc -c; exit 3'], {
      stdin: '12345',
    });
    assert.deepEqual([own.code, own.stdout.trim(), own.stderr], [3, '5', '']);
  });

  it('scales, restarts, undoes and waits', async () => {
    const first = (await cluster.pods('app=hello'))[0]?.metadata.name;
    await kubectl.ok('rollout restart deployment/hello');
    assert.match(await kubectl.ok('rollout status deployment/hello --timeout=60s'), /successfully rolled out/);
    const second = (await cluster.pods('app=hello'))[0]?.metadata.name;
    assert.notEqual(second, first);
    await kubectl.ok('set env deployment/hello GREETING=Changed');
    await untilAnswer(/^Changed/);
    assert.match(await cluster.berth(['rollout', 'history', 'deployment/hello']), /^3 /m);
    assert.match(await cluster.berth(['rollout', 'undo', 'deployment/hello']), /rolled back/);
    await untilAnswer(/^Good morning/);
    await cluster.berth(['rollout', 'status', 'deployment/hello', '--timeout', '60s']);
    await kubectl.ok('scale deployment/hello --replicas=0');
    await kubectl.ok('wait --for=delete pod -l app=hello --timeout=60s');
    await assert.rejects(answer());
    await cluster.berth(['scale', 'deployment/hello', '--replicas=1']);
    await untilAnswer(/^Good morning/);
  });

  it('stops on SIGTERM without stopping the pods, and finds them again', async () => {
    await cluster.importImage(toolsImage);
    await cluster.create(shellPod('counter', 'i=0; while true; do i=$((i+1)); echo "line $i"; sleep 0.1; done'));
    await cluster.untilPod('counter', 'was ready', isReady);
    const before = containerProcesses(cluster.paths);
    assert.equal(before.size, 2);
    assert.equal(await cluster.endUp('SIGTERM'), 0);
    assert.equal(
      cluster.pidOf('controller') ?? cluster.pidOf('nats-server') ?? cluster.pidOf('agent-node-1'),
      undefined,
    );
    assert.deepEqual(containerProcesses(cluster.paths), before);
    await untilAnswer(/^Good morning/);

    await cluster.up();
    assert.deepEqual(containerProcesses(cluster.paths), before);
    const pods = await cluster.pods();
    const restarts = pods.map(({ status }) => status?.containerStatuses?.[0]?.restartCount);
    assert.deepEqual(restarts, [0, 0]);
    const written = (await kubectl.ok('logs counter')).split('\n').length;
    await until(async () => (await kubectl.ok('logs counter')).split('\n').length > written, 'the log goes on');
    const lines = (await kubectl.ok('logs counter')).split('\n');
    assert.deepEqual(
      lines,
      lines.map((_line, index) => `line ${index + 1}`),
    );
    await untilAnswer(/^Good morning/);
  });

  it('deletes', async () => {
    assert.match(await kubectl.ok('delete pod counter'), /pod "counter" deleted/);
    await cluster.berth(['delete', 'deployment', 'hello']);
    await kubectl.ok('wait --for=delete pod -l app=hello --timeout=60s');
    await until(() => containerProcesses(cluster.paths).size === 0, 'no container is left');
  });

  it('down removes all that stands in the kernel, and keeps the data', async () => {
    await cluster.create(shellPod('one', idle), shellPod('two', `trap '' TERM; while true; do sleep 1; done`));
    await cluster.untilPod('one', 'was ready', isReady);
    await cluster.untilPod('two', 'was ready', isReady);
    const cables = await cablesOf(cluster.paths);
    assert.equal(cables.length, 2);
    await cluster.berth(['down', '--data-dir', cluster.dataDir]);
    assert.deepEqual(await cluster.footprint(cables), nothing);
    assert(existsSync(join(cluster.dataDir, 'controller/state.db')));
    await cluster.berth(['down', '--data-dir', cluster.dataDir]);
  });

  it('down does so as well when everything of Berth was killed', async () => {
    await cluster.up();
    const one = await cluster.untilPod('one', 'was ready again', isReady);
    assert.equal(one.metadata.name, 'one');
    await cluster.untilPod('two', 'was ready again', isReady);
    const cables = await cablesOf(cluster.paths);
    await cluster.endUp('SIGKILL');
    for (const part of ['controller', 'agent-node-1']) {
      const pid = cluster.pidOf(part);
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    }
    await cluster.berth(['down', '--data-dir', cluster.dataDir]);
    assert.deepEqual(await cluster.footprint(cables), nothing);
  });

  it('down --purge removes the data too', async () => {
    await cluster.berth(['down', '--data-dir', cluster.dataDir, '--purge']);
    assert(!existsSync(cluster.dataDir));
    assert.equal((await cluster.run(['down', '--data-dir', cluster.dataDir])).code, 0);
  });
});
