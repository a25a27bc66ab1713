import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import type { KubeObject } from '../../shared/objects/types.ts';
import { needsRoot } from '../support/needs.ts';
import { collect } from '../support/collect.ts';
import { until } from '../support/until.ts';
import { Cluster, isReady, launcher } from './cluster.ts';
import { Terminal } from './terminal.ts';
import { idle, shellDeployment, shellPod, toolsImage } from './shell-pods.ts';

const servers = [
  'mkdir -p /www; echo hello from inside > /www/index.html',
  'httpd -p 127.0.0.1:8080 -h /www',
  'nc -ll -p 9000 -e cat &',
  idle,
].join('\n');

const service: KubeObject & { spec: object } = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'front' },
  spec: { selector: { app: 'web' }, ports: [{ name: 'page', port: 80, targetPort: 'http' }] },
};

describe('berth enters pods', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let started: ChildProcess[];

  before(async function () {
    needsRoot(this);
    cluster = await Cluster.create();
    await cluster.up();
    await cluster.importImage(toolsImage);
    const reader = 'while read line; do echo "got $line"; done; echo input is over; exec sleep 100000';
    await cluster.create(
      shellPod('web', servers, {}, { ports: [{ name: 'http', containerPort: 8080 }] }),
      shellPod('reader', reader, {}, { stdin: true }),
      shellDeployment('shell', 1, 'exec sh', { stdin: true, tty: true }),
      shellPod('shell-less', idle),
      shellPod('done', 'exit 0', { restartPolicy: 'Never' }),
      service,
    );
    for (const name of ['web', 'reader', 'shell-less']) await cluster.untilPod(name, 'is ready', isReady);
    await cluster.berth(['rollout', 'status', 'deployment/shell']);
  });
  beforeEach(() => {
    started = [];
  });
  afterEach(async function () {
    for (const child of started.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)) {
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
    cluster.explain(this.currentTest);
  });
  after(() => cluster?.destroy());

  const environment = (): Record<string, string> => ({
    PATH: process.env['PATH'] ?? '',
    KUBECONFIG: join(cluster.dataDir, 'admin.kubeconfig'),
  });

  /** Starts berth; what it says is collected. */
  function start(...args: string[]): { child: ChildProcess; said: { out: string; err: string } } {
    const child = spawn(launcher, args, { stdio: 'pipe', env: environment() });
    started.push(child);
    const said = { out: '', err: '' };
    child.stdout.on('data', (text: Buffer) => (said.out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (said.err += text.toString()));
    return { child, said };
  }

  describe('port-forward', () => {
    /** Starts it; resolves with the first local port. */
    async function forward(...args: string[]): Promise<ReturnType<typeof start> & { port: number }> {
      const running = start('port-forward', ...args);
      const line = /^Forwarding from 127\.0\.0\.1:(\d+) -> \d+\n/;
      await until(() => line.test(running.said.out) || running.child.exitCode !== null, 'berth port-forward listens');
      const [, port] = line.exec(running.said.out) ?? assert.fail(running.said.err);
      return { ...running, port: Number(port) };
    }

    const page = async (port: number): Promise<string> =>
      (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text();

    it('reaches what listens on the loopback of the pod, many times at once', async () => {
      const { port, said } = await forward('pod/web', ':8080');
      const all = await Promise.all(Array.from({ length: 20 }, () => page(port)));
      assert.deepEqual([...new Set(all)], ['hello from inside\n']);
      assert.equal(said.out.match(new RegExp(`^Handling connection for ${port}$`, 'gm'))?.length, 20);
      assert.equal(said.err, '');
    });

    it('carries both directions and their ends', async () => {
      const { port } = await forward('web', ':9000');
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      const sent = randomBytes(8_000_000);
      const received = collect(socket);
      socket.end(sent);
      assert(sent.equals(await received));
    });

    it('leads from the port of a service to what it means in the pod, several ports at once', async () => {
      const { port, said } = await forward('service/front', ':page', ':80');
      await until(() => said.out.match(/Forwarding from 127/g)?.length === 2, 'both listen');
      assert.equal(await page(port), 'hello from inside\n');
      assert.match(said.out, /-> 8080\n.*-> 8080\n/);
    });

    it('tells of a port where nobody listens, and goes on', async () => {
      const { port, said, child } = await forward('web', ':9999');
      const dial = (): Socket => connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
      await once(dial(), 'close');
      await until(() => /an error occurred forwarding \d+ -> 9999: .*refused/.test(said.err), 'it is told');
      assert.equal(child.exitCode, null);
      await once(dial(), 'connect');
    });

    it('ends well on Ctrl-C', async () => {
      const { child, said } = await forward('web', ':8080');
      const ended = once(child, 'exit');
      child.kill('SIGINT');
      assert.deepEqual(await ended, [0, null]);
      assert.equal(said.err, '');
    });

    it('says why it cannot begin', async () => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      const refuse = async (code: number, ...args: string[]): Promise<string> => {
        const outcome = await cluster.run(['port-forward', ...args]);
        assert.equal(outcome.code, code, outcome.stderr);
        return outcome.stderr;
      };
      await cluster.untilPod('done', 'has ended', ({ status }) => status?.phase === 'Succeeded');
      const said = await Promise.all([
        refuse(1, 'web', `${port}:8080`),
        refuse(1, 'none', '8080'),
        refuse(1, 'done', '8080'),
        refuse(1, 'service/front', '81'),
        refuse(1, 'web', 'nameless'),
        refuse(2, 'web', '1:2:3'),
        refuse(2, 'web', 'x:80'),
        refuse(2, 'web', '70000'),
      ]).finally(() => taken.close());
      const expected = [
        /unable to listen on port \d+: .*EADDRINUSE/,
        /pods "none" not found/,
        /pod is not running\. Current status=Succeeded/,
        /Service front does not have a service port 81/,
        /Pod 'web' does not have a named port 'nameless'/,
        /"1:2:3" is not LOCAL:REMOTE/,
        /"x" is not a port of this machine/,
        /"70000" is not a port/,
      ];
      expected.forEach((pattern, index) => assert.match(said[index] ?? '', pattern));
    });
  });

  describe('attach', () => {
    it('types into a terminal of the container, and leaves it running', async () => {
      const terminal = new Terminal(launcher, ['attach', '-it', 'deployment/shell'], environment(), [70, 20]);
      await terminal.until(/If you don't see a command prompt, try pressing enter\./);
      terminal.type('\r');
      await terminal.until(/# /);
      terminal.type('echo $((6 * 7)) in the container\r');
      await terminal.until(/42 in the container/);
      terminal.type('until stty size | grep "20 70"; do sleep 0.1; done\r');
      await terminal.until(/20 70\r/);
      terminal.kill();
      await terminal.exitCode;
      const [pod] = await cluster.pods('app=shell');
      assert.equal(pod?.status?.containerStatuses?.[0]?.restartCount, 0);
    });

    it('passes on what is piped in, and shows what comes from now on', async () => {
      const { child, said } = start('attach', '-i', 'reader', '-c', 'main', '-q');
      await until(
        () => {
          child.stdin?.write('one line\n');
          return /got one line\n/.test(said.out);
        },
        'the container answers',
        { everyMs: 300 },
      );
      assert.equal(said.err, '');
    });

    it('says why it cannot begin', async () => {
      await cluster.untilPod('done', 'has ended', ({ status }) => status?.phase === 'Succeeded');
      const ended = await cluster.run(['attach', 'done']);
      assert.equal(ended.code, 1);
      assert.match(ended.stderr, /cannot attach a container in a completed pod; current phase is Succeeded/);
      const unknown = await cluster.run(['attach', 'web', '-c', 'nope']);
      assert.match(unknown.stderr, /container nope is not valid for pod web/);
    });
  });

  it('run --rm -i gives input to its end, the output and the exit code', async () => {
    const script = 'while read line; do echo "<$line>"; done; exit 4';
    const flags = ['--rm', '-i', '-q', '--restart=Never', `--image=${toolsImage}`, '--command'];
    const { code, stdout, stderr } = await cluster.run(['run', 'once', ...flags, '--', 'sh', '-c', script], {
      stdin: 'a\nb\n',
    });
    assert.deepEqual([code, stdout], [4, '<a>\n<b>\n'], stderr);
    await until(async () => (await cluster.pod('once')) === undefined, 'it is removed');
  });

  it('debug sees the processes of the target', async () => {
    const flags = [`--image=${toolsImage}`, '--target=main', '-c', 'look', '-i', '-q'];
    const { code, stdout, stderr } = await cluster.run(['debug', 'web', ...flags, '--', 'sh'], {
      stdin: 'ps -o args\n',
    });
    assert.match(stdout, /httpd -p 127\.0\.0\.1:8080/, stderr);
    assert.deepEqual([code, stderr], [0, '']);
  });

  describe('cp', () => {
    const odd = ['a,b', 'c&d', 'with space', '-rf', `long${'g'.repeat(150)}`];

    it('copies directories there and back', async () => {
      const [from, back] = [join(cluster.directory, 'from'), join(cluster.directory, 'back')];
      await mkdir(join(from, 'deep'), { recursive: true });
      const big = randomBytes(5_000_000);
      await writeFile(join(from, 'deep/big'), big);
      for (const name of odd) await writeFile(join(from, name), name, { mode: 0o755 });
      await symlink('big', join(from, 'deep/link'));
      assert.equal(await cluster.berth(['cp', from, 'web:/tmp/copied']), '');
      assert.equal(await cluster.berth(['cp', 'default/web:/tmp/copied', back, '-c', 'main']), '');
      assert(big.equals(await readFile(join(back, 'deep/link'))));
      for (const name of odd) assert.equal(await readFile(join(back, name), 'utf8'), name);
      assert.equal((await stat(join(back, '-rf'))).mode & 0o777, 0o755);
    });

    it('copies a file to a name, and into a directory', async () => {
      const file = join(cluster.directory, '-odd, & name');
      await writeFile(file, 'one file');
      for (const to of ['named', '']) await cluster.berth(['cp', file, `web:/tmp/${to}`]);
      const listed = await cluster.berth(['exec', 'web', '--', 'cat', '/tmp/named', '/tmp/-odd, & name']);
      assert.equal(listed, 'one fileone file');
      const into = join(cluster.directory, 'into');
      await mkdir(into);
      await cluster.berth(['cp', 'web:/tmp/-odd, & name', into]);
      assert.deepEqual(await readdir(into), ['-odd, & name']);
    });

    it('leaves out links that lead out of the copy', async () => {
      const make = 'mkdir -p /tmp/links; ln -s /etc/passwd /tmp/links/out; echo in > /tmp/links/file';
      await cluster.berth(['exec', 'web', '--', 'sh', '-c', make]);
      const to = join(cluster.directory, 'links');
      const { code, stderr } = await cluster.run(['cp', 'web:/tmp/links', to]);
      assert.deepEqual([code, stderr], [0, `Warning: skipping symlink: "${to}/out" -> "/etc/passwd"\n`]);
      assert.deepEqual(await readdir(to), ['file']);
    });

    it('ends with an error, whichever side fails', async () => {
      const file = join(cluster.directory, 'big');
      await writeFile(file, randomBytes(3_000_000));
      const blocked = join(cluster.directory, 'blocked');
      await mkdir(join(blocked, 'big'), { recursive: true });
      await cluster.berth(['cp', file, 'web:/tmp/big']);
      const fails = async (code: number, ...args: string[]): Promise<string> => {
        const outcome = await cluster.run(['cp', ...args], { withinMs: 30_000 });
        assert.equal(outcome.code, code, outcome.stderr);
        return outcome.stderr;
      };
      assert.match(
        await fails(1, 'web:/nope', blocked),
        /nope: No such file.*\n(.*\n)*berth: tar in the container ended/,
      );
      assert.match(await fails(1, 'web:/tmp/big', blocked), /berth: EISDIR/);
      assert.match(await fails(1, file, 'web:/nope/deep/file'), /berth: tar in the container ended with exit code 1/);
      assert.match(
        await fails(1, '/sys/kernel/uevent_seqnum', 'web:/tmp/x'),
        /berth: .* was made shorter while it was read/,
      );
      assert.match(await fails(1, 'none:/tmp/x', blocked), /pods "none" not found/);
      assert.match(await fails(2, '/nowhere', 'web:/tmp'), /doesn't exist in local filesystem/);
      assert.match(await fails(2, 'a', 'b'), /one of both must be in a pod/);
      assert.match(await fails(2, 'web:/a', 'web:/b'), /one of both must be on this machine/);
      assert.match(await fails(2, 'web:', 'b'), /the path is missing/);
    });

    it('says so when the container has no tar', async () => {
      await cluster.berth(['exec', 'shell-less', '--', '/bin/busybox', 'rm', '/bin/tar']);
      const { code, stderr } = await cluster.run(['cp', 'shell-less:/bin', join(cluster.directory, 'no-tar')]);
      assert.equal(code, 1);
      assert.match(stderr, /berth: there is no tar in the container, which cp needs\n$/);
    });
  });
});
