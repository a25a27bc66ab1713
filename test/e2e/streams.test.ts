import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Attach, Exec, KubeConfig, PortForward, type V1Status } from '@kubernetes/client-node';
import type { Kubectl } from '../api/kubectl.ts';
import { collect } from '../support/collect.ts';
import { until } from '../support/until.ts';
import { type Cluster, isReady } from './cluster.ts';
import { KubectlTerminal } from './terminal.ts';
import { shellPod, toolsImage } from './shell-pods.ts';
import { openToolsCluster } from './tools-cluster.ts';

const megabytes = 64;

/** A pod whose servers nobody reaches from outside: they listen on its own loopback. */
const servers = [
  'mkdir -p /www; echo hello from inside > /www/index.html',
  'httpd -p 127.0.0.1:8080 -h /www',
  'nc -ll -p 9000 -e cat &',
  `nc -ll -p 9001 -e dd if=/dev/zero bs=64k count=${megabytes * 16} &`,
  'exec sleep 100000',
].join('\n');

/** kubectl as it is, and as it was before it spoke WebSocket. */
const transports = [
  ['WebSocket', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'true', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'true' }],
  ['SPDY', { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false', KUBECTL_PORT_FORWARD_WEBSOCKETS: 'false' }],
] as const;

describe('streams of pods', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let kubectl: Kubectl;
  let forwards: ChildProcess[];

  before(async function () {
    ({ cluster, kubectl } = await openToolsCluster(this));
    const reader = 'while read line; do echo "got $line"; done; echo input is over; exec sleep 100000';
    await cluster.create(
      shellPod('web', servers),
      shellPod('reader', reader, {}, { stdin: true }),
      shellPod('shell', 'exec sh', {}, { stdin: true, tty: true }),
    );
    for (const name of ['web', 'reader', 'shell']) await cluster.untilPod(name, 'is ready', isReady);
  });
  beforeEach(() => {
    forwards = [];
  });
  afterEach(function () {
    for (const forward of forwards) forward.kill('SIGKILL');
    cluster.explain(this.currentTest);
  });
  after(() => cluster?.destroy());

  /** Starts `kubectl port-forward`; resolves with the local port. */
  async function forward(remote: number, env: Record<string, string>): Promise<number> {
    const child = kubectl.start(['port-forward', 'pod/web', `:${remote}`], env);
    forwards.push(child);
    let said = '';
    child.stdout?.on('data', (text: Buffer) => (said += text.toString()));
    child.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    const line = /Forwarding from 127\.0\.0\.1:(\d+)/;
    await until(() => line.test(said) || child.exitCode !== null, 'kubectl port-forward listens');
    const [, port] = line.exec(said) ?? assert.fail(said);
    return Number(port);
  }

  for (const [transport, env] of transports) {
    describe(`by kubectl over ${transport}`, () => {
      it('exec gives output, input to its end, and the exit code', async () => {
        const { code, stdout, stderr } = await kubectl.run(
          ['exec', '-i', 'web', '--', 'sh', '-c', 'md5sum; echo problem >&2; exit 5'],
          { stdin: 'x'.repeat(3_000_000), env },
        );
        const sum = createHash('md5').update('x'.repeat(3_000_000)).digest('hex');
        assert.deepEqual([code, stdout], [5, `${sum}  -\n`]);
        assert.match(stderr, /^problem\ncommand terminated with exit code 5/);
        const missing = await kubectl.run(['exec', 'web', '--', '/nope'], { env });
        assert.equal(missing.code, 127);
        assert.match(missing.stderr, /^OCI runtime exec failed: .*\/nope: no such file or directory\n/);
      });

      it('exec -t has a terminal whose size changes', async () => {
        const terminal = new KubectlTerminal(kubectl, ['exec', '-it', 'web', '--', 'sh'], env, [90, 30]);
        await terminal.until(/# /);
        terminal.type('stty size\r');
        await terminal.until(/30 90/);
        terminal.resize(100, 40);
        terminal.type('until stty size | grep "40 100"; do sleep 0.1; done; exit 3\r');
        await terminal.until(/40 100\r/);
        assert.equal(await terminal.exitCode, 3);
      });

      it('cp copies there and back', async () => {
        const [from, back] = [
          join(cluster.directory, `from-${transport}`),
          join(cluster.directory, `back-${transport}`),
        ];
        await mkdir(join(from, 'deep'), { recursive: true });
        const big = randomBytes(5_000_000);
        await writeFile(join(from, 'deep/big'), big);
        await writeFile(join(from, 'small'), 'small');
        await kubectl.ok(`cp ${from} web:/tmp/${transport}`, { env });
        await kubectl.ok(`cp web:/tmp/${transport} ${back}`, { env });
        assert(big.equals(await readFile(join(back, 'deep/big'))));
        assert.equal(await readFile(join(back, 'small'), 'utf8'), 'small');
      });

      it('attach -it types into the container, and leaves it running', async () => {
        const terminal = new KubectlTerminal(kubectl, ['attach', '-it', 'shell'], env, [70, 20]);
        await terminal.until(/prompt|# /);
        terminal.type('echo $((6 * 7)) in the container\r');
        await terminal.until(/42 in the container/);
        terminal.type('until stty size | grep "20 70"; do sleep 0.1; done\r');
        await terminal.until(/20 70\r/);
        terminal.kill();
        await terminal.exitCode;
        assert.equal((await cluster.pod('shell'))?.status?.containerStatuses?.[0]?.restartCount, 0);
      });

      it('attach shows output from now on', async () => {
        const child = kubectl.start(['attach', '-i', 'reader'], env);
        forwards.push(child);
        let out = '';
        child.stdout?.on('data', (text: Buffer) => (out += text.toString()));
        await until(
          () => {
            child.stdin?.write('one line\n');
            return /got one line\n/.test(out);
          },
          'the container answers',
          { everyMs: 300 },
        );
      });

      it('run --rm -i gives input to its end, the output and the exit code', async () => {
        const script = 'while read line; do echo "<$line>"; done; exit 4';
        const name = `once-${transport.toLowerCase()}`;
        const { code, stdout, stderr } = await kubectl.run(
          ['run', name, '--rm', '-i', '--restart=Never', '-q', `--image=${toolsImage}`, '--', 'sh', '-c', script],
          { stdin: 'a\nb\n', env },
        );
        assert.deepEqual([code, stdout], [4, '<a>\n<b>\n'], stderr);
        assert.equal(await cluster.pod(name), undefined);
      });

      it('port-forward reaches what listens on the loopback of the pod', async () => {
        const port = await forward(8080, env);
        const get = async (): Promise<string> =>
          (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text();
        const all = await Promise.all(Array.from({ length: 20 }, get));
        assert.deepEqual([...new Set(all)], ['hello from inside\n']);
      });

      it('port-forward carries both directions and their ends', async () => {
        const socket = connect({ port: await forward(9000, env), host: '127.0.0.1', allowHalfOpen: true });
        const sent = randomBytes(8_000_000);
        const received = collect(socket);
        socket.end(sent);
        assert(sent.equals(await received));
      });

      it('port-forward is not held up by connections that nobody reads, when they are of another client', async () => {
        const stalled = connect({ port: await forward(9001, env), host: '127.0.0.1' });
        stalled.pause();
        const begin = performance.now();
        const bytes = await collect(connect({ port: await forward(9001, env), host: '127.0.0.1' }));
        const seconds = (performance.now() - begin) / 1000;
        assert.equal(bytes.length, megabytes << 20);
        assert(seconds < 60, `${(megabytes / seconds).toFixed(0)} MB/s`);
        stalled.destroy();
      });

      it('port-forward says when nobody listens', async () => {
        const socket = connect({ port: await forward(9999, env), host: '127.0.0.1' });
        assert.equal((await collect(socket)).length, 0);
      });
    });
  }

  describe('by @kubernetes/client-node', () => {
    let config: KubeConfig;
    before(() => {
      config = new KubeConfig();
      config.loadFromFile(cluster.ready.kubeconfig);
    });

    it('exec', async () => {
      const [out, err] = [new PassThrough(), new PassThrough()];
      const status = await new Promise<V1Status>((resolve, reject) => {
        const command = ['sh', '-c', 'cat; exit 6'];
        const input = new PassThrough();
        input.end('typed');
        new Exec(config).exec('default', 'web', 'main', command, out, err, input, false, resolve).catch(reject);
      });
      assert.equal((await collect(out)).toString(), 'typed');
      assert.deepEqual(status.details?.causes, [{ reason: 'ExitCode', message: '6' }]);
    });

    it('attach', async () => {
      const [out, input] = [new PassThrough(), new PassThrough()];
      let text = '';
      out.on('data', (bytes: Buffer) => (text += bytes.toString()));
      const socket = await new Attach(config).attach('default', 'reader', 'main', out, null, input, false);
      await until(
        () => {
          input.write('from a program\n');
          return /got from a program/.test(text);
        },
        'the container answers',
        { everyMs: 300 },
      );
      socket.close();
    });

    it('port-forward', async () => {
      const [out, err, input] = [new PassThrough(), new PassThrough(), new PassThrough()];
      await new PortForward(config).portForward('default', 'web', [8080], out, err, input);
      input.write('GET / HTTP/1.0\r\n\r\n');
      let text = '';
      out.on('data', (bytes: Buffer) => (text += bytes.toString()));
      await until(() => /hello from inside/.test(text), 'the pod answers');
    });
  });
});
