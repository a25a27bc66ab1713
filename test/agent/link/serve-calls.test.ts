import assert from 'node:assert/strict';
import { ExecCalls } from '../../../agent/link/exec.ts';
import { serveCalls, type NodeCallHandlers } from '../../../agent/link/serve-calls.ts';
import type { ContainerId, ContainerStatus, ExecOptions, ExecProcess } from '../../../agent/runtime/driver.ts';
import { NodeCalls } from '../../../controller/nodes/node-calls.ts';
import { channel, type ByteStream } from '../../../shared/bus/byte-stream.ts';
import type { NatsBus } from '../../../shared/bus/nats-bus.ts';
import { ApiError, hasReason } from '../../../shared/errors.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { Status } from '../../../shared/objects/types.ts';
import { Scope } from '../../../shared/scope.ts';
import { BusBench } from '../../bus/bus-bench.ts';
import { until } from '../../support/until.ts';
import { aPod } from '../../objects.ts';

const pod = aPod({ nodeName: 'n1' });

/** A command that answers each input line, and says what it was asked. */
class EchoProcess implements ExecProcess {
  readonly stderr = (async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('note');
  })();
  readonly size: number[] = [];
  readonly exitCode: Promise<number>;
  readonly stdout: AsyncIterable<Uint8Array>;
  readonly #lines: Uint8Array[] = [];
  #wake: (() => void) | undefined;
  #isEnded = false;

  constructor({ signal }: ExecOptions, code: number) {
    const end = (): void => this.endInput();
    signal.addEventListener('abort', end, { once: true });
    const ended = Promise.withResolvers<number>();
    this.exitCode = ended.promise;
    this.stdout = this.#run(() => ended.resolve(signal.aborted ? 137 : code));
  }
  async write(bytes: Uint8Array): Promise<void> {
    this.#lines.push(bytes);
    this.#wake?.();
  }
  endInput(): void {
    this.#isEnded = true;
    this.#wake?.();
  }
  resize(columns: number, rows: number): void {
    this.size.push(columns, rows);
  }
  async *#run(onEnd: () => void): AsyncGenerator<Uint8Array> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) yield Buffer.from(`<${Buffer.from(line).toString()}>`);
      else if (this.#isEnded) break;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
    onEnd();
  }
}

describe('calls to a node', function () {
  this.timeout(20_000);
  let bench: BusBench;
  let controller: NatsBus;
  let calls: NodeCalls;
  let scope: Scope;
  let running: EchoProcess[];
  let logs: NodeCallHandlers['logs'];
  let exitCode = 0;
  let lifetime: AbortController;

  before(async () => {
    bench = await BusBench.open();
    controller = await bench.controller();
    calls = new NodeCalls({ bus: controller, data: controller });
    const node = await bench.node('n1');
    scope = new Scope('agent');
    const container = {
      id: 'c1' as ContainerId,
      pod: { namespace: 'default', name: 'web', uid: pod.metadata.uid },
      name: 'main',
      attempt: 0,
      state: 'running',
    } as ContainerStatus;
    const exec = new ExecCalls({
      listContainers: async () => [container, { ...container, id: 'c0' as ContainerId, state: 'exited' }],
      attach: async (id, { signal }) => {
        assert.equal(id, 'c1');
        const process = new EchoProcess({ command: [], tty: false, stdin: true, signal }, 7);
        running.push(process);
        return process;
      },
      exec: async (id, options) => {
        if (options.command[0] === 'missing') throw new ApiError('BadRequest', 'missing: no such file');
        assert.equal(id, 'c1');
        const process = new EchoProcess(options, exitCode);
        running.push(process);
        return process;
      },
    });
    const handlers: NodeCallHandlers = {
      logs: (...args) => logs(...args),
      exec: (...args) => exec.run(...args),
      attach: (...args) => exec.attach(...args),
      forward: () => Promise.reject(new Error('not part of this test')),
    };
    serveCalls({ bus: node, data: node, node: 'n1', handlers, log: silentLogger }, scope);
    await node.flush();
  });
  after(async () => {
    await scope.close();
    await bench.close();
  });
  beforeEach(() => {
    running = [];
    exitCode = 0;
    lifetime = new AbortController();
  });
  afterEach(() => lifetime.abort());

  function exec(command: string[], more: { container?: string; tty?: boolean } = {}): Promise<ByteStream> {
    const call = { container: 'main', command, stdin: true, stdout: true, stderr: true, tty: false, ...more };
    return calls.exec(pod, call, lifetime.signal);
  }

  async function collect(stream: ByteStream): Promise<{ out: string; err: string; status: Status }> {
    const text = ['', '', '', '', ''];
    for await (const chunk of stream) text[chunk.channel] += Buffer.from(chunk.bytes).toString();
    const [, out = '', err = '', status = ''] = text;
    return { out, err, status: JSON.parse(status) as Status };
  }

  async function text(lines: AsyncIterable<Uint8Array>): Promise<string> {
    let all = '';
    for await (const bytes of lines) all += Buffer.from(bytes).toString();
    return all;
  }

  it('runs a command, with input, its end, window sizes and the exit code', async () => {
    exitCode = 3;
    const stream = await exec(['cat']);
    const result = collect(stream);
    await stream.write(channel.resize, Buffer.from('{"Width":80,"Height":24}\n'));
    await stream.write(channel.resize, Buffer.from('{"Width":"x"}'));
    await stream.write(channel.stdin, Buffer.from('hello'));
    await stream.end(channel.stdin);
    const { out, err, status } = await result;
    assert.equal(out, '<hello>');
    assert.equal(err, 'note');
    assert.deepEqual(running[0]?.size, [80, 24]);
    assert.equal(status.reason, 'NonZeroExitCode');
    assert.deepEqual(status.details?.causes, [{ reason: 'ExitCode', message: '3' }]);
  });

  it('ends with Success, and without stderr when there is a terminal', async () => {
    const stream = await exec(['cat'], { tty: true });
    const result = collect(stream);
    await stream.end(channel.stdin);
    const { err, status } = await result;
    assert.equal(err, '');
    assert.equal(status.status, 'Success');
  });

  it('says so when the command or the container is not there', async () => {
    const failed = await collect(await exec(['missing']));
    assert.equal(failed.status.status, 'Failure');
    assert.match(failed.status.message ?? '', /no such file/);
    const nobody = await collect(await exec(['cat'], { container: 'other' }));
    assert.match(nobody.status.message ?? '', /container not found/);
  });

  it('ends the command when the caller goes away', async () => {
    await exec(['cat']);
    await until(() => running.length === 1, 'it runs');
    lifetime.abort();
    assert.equal(await running[0]?.exitCode, 137);
  });

  it('reads a log to its end', async () => {
    logs = async ({ query }, stream) => {
      for (let line = 0; line < (query.tailLines ?? 0); line += 1) {
        await stream.write(channel.stdout, Buffer.from(`line ${line}\n`));
      }
    };
    assert.equal(await text(await calls.logs(pod, 'main', { tailLines: 2 }, lifetime.signal)), 'line 0\nline 1\n');
  });

  it('throws what the node says before the first byte', async () => {
    logs = async () => {
      throw new ApiError('BadRequest', 'previous terminated container "main" not found');
    };
    await assert.rejects(
      calls.logs(pod, 'main', { previous: true }, lifetime.signal),
      (error) => hasReason(error, 'BadRequest') && /previous terminated/.test(error.message),
    );
  });

  it('ends a quiet log when its reader has had enough', async () => {
    let isOver = false;
    logs = async (_request, stream, signal) => {
      await stream.write(channel.stdout, Buffer.from('one\n'));
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      isOver = true;
    };
    for await (const bytes of await calls.logs(pod, 'main', { follow: true }, lifetime.signal)) {
      assert.equal(Buffer.from(bytes).toString(), 'one\n');
      break;
    }
    await until(() => isOver, 'the node has noticed');
  });

  it('attaches to the process of a container, whose exit code is not that of the session', async () => {
    const call = { container: 'main', stdin: true, stdout: true, stderr: true, tty: false };
    const stream = await calls.attach(pod, call, lifetime.signal);
    const result = collect(stream);
    await stream.write(channel.stdin, Buffer.from('hello'));
    await stream.end(channel.stdin);
    const { out, status } = await result;
    assert.deepEqual([out, status.status], ['<hello>', 'Success']);
  });

  it('ends a command that takes no input when the caller has gone', async () => {
    const stream = await exec(['cat']);
    await until(() => running.length === 1, 'it runs');
    const [process] = running;
    assert(process);
    process.write = () => new Promise(() => undefined);
    await stream.write(channel.stdin, Buffer.from('stuck'));
    lifetime.abort();
    assert.equal(await process.exitCode, 137);
  });

  it('names a node that does not answer', async () => {
    const elsewhere = aPod({ nodeName: 'gone' });
    await assert.rejects(calls.logs(elsewhere, 'main', {}, lifetime.signal), (error) => {
      return hasReason(error, 'ServiceUnavailable') && /node "gone" does not answer/.test(error.message);
    });
    await assert.rejects(calls.exec(aPod(), { ...call, command: ['x'] }, lifetime.signal), (error) =>
      hasReason(error, 'BadRequest'),
    );
  });

  const call = { container: 'main', command: [], stdin: false, stdout: true, stderr: true, tty: false };
});
