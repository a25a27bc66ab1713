import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rename } from 'node:fs/promises';
import type { ProcessStreams } from '../../agent/runtime/driver.ts';
import { hasReason } from '../../shared/errors.ts';
import { until } from '../support/until.ts';
import { aSandbox, exited, ranToEnd, started, statusOf, type RuntimeBench } from './runtime-bench.ts';

/** Part of the suite in runtime-driver.ts. */
export function attachTests(given: () => RuntimeBench): void {
  let caller: AbortController;
  beforeEach(() => {
    caller = new AbortController();
  });
  afterEach(() => caller.abort());

  it('give the output from now on, both streams, to its end', async () => {
    const bench = given();
    const script = 'echo before; read line; echo "<$line>"; echo problem >&2; printf unfinished; exit 3';
    const id = await started(bench, await aSandbox(bench), script, { stdin: true });
    await until(async () => (await logOf(bench, id)).includes('before'), 'the container has begun');
    const attached = await bench.driver.attach(id, { stdin: true, signal: caller.signal });
    const [out, err] = [textOf(attached.stdout), textOf(attached.stderr)];
    await attached.write(Buffer.from('hello\n'));
    assert.equal(await out, '<hello>\nunfinished');
    assert.equal(await err, 'problem\n');
    assert.equal((await exited(bench, id)).exitCode, 3);
  });

  it('end the input of a container that takes it once, and of no other', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench);
    const once = await started(bench, sandbox, 'wc -c', { name: 'once', stdin: true, stdinOnce: true });
    const first = await bench.driver.attach(once, { stdin: true, signal: caller.signal });
    const out = textOf(first.stdout);
    await first.write(Buffer.alloc(100_000, 'x'));
    first.endInput();
    assert.equal((await out).trim(), '100000');

    const again = await started(bench, sandbox, 'while read line; do echo "<$line>"; done', {
      name: 'again',
      stdin: true,
    });
    for (const line of ['one', 'two']) {
      const one = new AbortController();
      const attached = await bench.driver.attach(again, { stdin: true, signal: one.signal });
      const seen = watchText(attached);
      await attached.write(Buffer.from(`${line}\n`));
      await until(() => seen.text.includes(`<${line}>`), 'the container answers');
      attached.endInput();
      one.abort();
    }
    assert.equal((await statusOf(bench, again)).state, 'running');
  });

  it('have the terminal of the container, whose size can change', async () => {
    const bench = given();
    const script = 'read line; until stty size | grep 101; do sleep 0.1; done';
    const id = await started(bench, await aSandbox(bench), script, { stdin: true, tty: true });
    const attached = await bench.driver.attach(id, { stdin: true, signal: caller.signal });
    const out = textOf(attached.stdout);
    attached.resize(102, 34);
    attached.resize(101, 33);
    await attached.write(Buffer.from('go\r'));
    assert.match(await out, /33 101/);
  });

  it('hold up nothing when nobody reads, or when the log is rotated', async () => {
    const bench = given();
    const script =
      'read line; i=0; while [ $i -lt 40000 ]; do echo "$i 0123456789012345678901234567890123456789"; i=$((i+1)); done';
    const id = await started(bench, await aSandbox(bench), script, { stdin: true });
    const stalled = await bench.driver.attach(id, { stdin: true, signal: caller.signal });
    const { logPath } = await statusOf(bench, id);
    const reader = await bench.driver.attach(id, { stdin: false, signal: caller.signal });
    const out = textOf(reader.stdout);
    await stalled.write(Buffer.from('go\n'));
    await until(async () => (await logOf(bench, id)).length > 10_000, 'the container writes');
    await rename(logPath, `${logPath}.1`);
    if ((await statusOf(bench, id)).state === 'running') await bench.driver.reopenLog(id).catch(() => undefined);
    assert.equal((await exited(bench, id)).exitCode, 0);
    const lines = (await out).trimEnd().split('\n');
    assert.deepEqual([lines.length, lines.at(-1)?.split(' ')[0]], [40_000, '39999']);
  });

  it('are refused where there is nothing to attach to', async () => {
    const bench = given();
    const { id } = await ranToEnd(bench, 'true');
    const { signal } = caller;
    await assert.rejects(bench.driver.attach(id, { stdin: false, signal }), (error) => hasReason(error, 'Conflict'));
    const deaf = await started(bench, await aSandbox(bench), 'sleep 1000');
    await assert.rejects(bench.driver.attach(deaf, { stdin: true, signal }), (error) => hasReason(error, 'BadRequest'));
  });
}

/** Part of the suite in runtime-driver.ts. */
export function connectTests(given: () => RuntimeBench): void {
  const { signal } = new AbortController();

  it('reach a port that listens on the loopback of the sandbox alone', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench);
    await started(bench, sandbox, 'mkdir -p /w; echo inside > /w/index.html; httpd -f -p 127.0.0.1:8080 -h /w');
    let text = '';
    await until(async () => {
      const socket = await bench.driver.connect(sandbox.id, 8080, signal);
      socket.write('GET / HTTP/1.0\r\n\r\n');
      text = await textOf(socket as AsyncIterable<Uint8Array>);
      return true;
    }, 'somebody listens');
    assert.match(text, /inside/);
  });

  it('have two directions that end on their own', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench);
    await started(bench, sandbox, 'nc -ll -p 9000 -e cat');
    let echoed = '';
    await until(async () => {
      const socket = await bench.driver.connect(sandbox.id, 9000, signal);
      socket.end(Buffer.alloc(3_000_000, 'z'));
      echoed = await textOf(socket as AsyncIterable<Uint8Array>);
      return true;
    }, 'somebody listens');
    assert.equal(echoed.length, 3_000_000);
  });

  it('are refused when nobody listens', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench);
    await started(bench, sandbox, 'sleep 1000');
    const connecting = bench.driver.connect(sandbox.id, 9999, signal);
    await assert.rejects(
      connecting,
      (error) => hasReason(error, 'ServiceUnavailable') && /refused/.test(error.message),
    );
  });

  it('end with the container', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench);
    const id = await started(bench, sandbox, 'nc -ll -p 9000 -e cat');
    let ended: Promise<unknown> = Promise.resolve();
    await until(async () => {
      const socket = await bench.driver.connect(sandbox.id, 9000, signal);
      socket.on('error', () => undefined).resume();
      ended = once(socket, 'end');
      return true;
    }, 'somebody listens');
    await bench.driver.stopContainer(id, 0);
    await ended;
  });
}

async function logOf(bench: RuntimeBench, id: Parameters<typeof statusOf>[1]): Promise<string> {
  return readFile((await statusOf(bench, id)).logPath, 'utf8');
}

async function textOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += Buffer.from(chunk).toString('utf8');
  return text;
}

function watchText(attached: ProcessStreams): { text: string } {
  const seen = { text: '' };
  void (async () => {
    for await (const chunk of attached.stdout) seen.text += Buffer.from(chunk).toString('utf8');
  })();
  return seen;
}
