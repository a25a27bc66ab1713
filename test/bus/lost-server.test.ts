import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { channel, type ByteStream } from '../../shared/bus/byte-stream.ts';
import { NatsBus } from '../../shared/bus/nats-bus.ts';
import { openByteStream, windowBytes } from '../../shared/bus/nats-byte-stream.ts';
import { subjects } from '../../shared/bus/subjects.ts';
import { hasReason } from '../../shared/errors.ts';
import { silentLogger } from '../../shared/log.ts';
import { BusBench } from './bus-bench.ts';
import { until } from '../support/until.ts';

/** How a server is lost for good: it dies, or it stops with all its sockets open. */
const losses = [
  ['killed', 'SIGKILL'],
  ['frozen', 'SIGSTOP'],
] as const;

/** What a server that is frozen leaves in the buffers of the kernel, and more. */
const moreThanBuffers = 16 * 1024 * 1024;

for (const [what, signal] of losses) {
  describe(`waits on a bus whose server is ${what}`, function () {
    this.timeout(20_000);
    let bench: BusBench;
    let node: NatsBus;
    let dialing: NatsBus;
    let pid: number;
    let lifetime: AbortController;
    const waits = new Map<string, Promise<unknown>>();
    let stream: ByteStream;
    let disconnects = 0;

    const wait = (name: string, begun: Promise<unknown>): void => {
      begun.catch(() => undefined); // looked at by its test
      waits.set(name, begun);
    };
    const openStream = (session: string): ByteStream =>
      openByteStream(node, {
        send: subjects.streamUp('n1', session),
        receive: subjects.streamDown('n1', session),
        signal: lifetime.signal,
      });
    const fillWindow = async (): Promise<never> => {
      const full = openStream('full');
      for (;;) await full.write(channel.stdout, Buffer.alloc(windowBytes));
    };
    const readAll = async (): Promise<void> => {
      for await (const _chunk of stream);
    };

    before(async () => {
      bench = await BusBench.open();
      lifetime = new AbortController();
      const controller = await bench.controller();
      node = await bench.node('n1');
      node.onDisconnect(() => (disconnects += 1), lifetime.signal);
      controller.serve(subjects.allUpCalls('sync'), () => new Promise(() => undefined), { signal: lifetime.signal });
      await controller.flush();
      pid = bench.server.pid ?? 0;
      await bench.server.release(); // whose supervision would start another one

      wait('request', node.request(subjects.upCall('n1', 'sync'), {}, { timeoutMs: 600_000 }));
      stream = openStream('read');
      wait('reading of a stream', readAll());
      wait('writing to a stream', fillWindow());
      await node.flush();
      process.kill(pid, signal);
      node.publishBytes('berth.up.n1.hb', Buffer.alloc(moreThanBuffers / 4));
      for (let sent = 0; sent < moreThanBuffers; sent += 1 << 20) {
        node.publishBytes('berth.up.n1.hb', Buffer.alloc(1 << 20));
      }
      wait('flush', node.flush({ timeoutMs: 600_000 }));
      dialing = await bench.dial('n2');
      wait('first connection', dialing.ready({ timeoutMs: 100 }));
    });
    after(async () => {
      lifetime.abort();
      if (signal === 'SIGSTOP') process.kill(pid, 'SIGKILL');
      await bench.close();
    });

    for (const name of ['request', 'reading of a stream', 'writing to a stream', 'flush', 'first connection']) {
      it(`ends the ${name}`, async () => {
        await assert.rejects(waits.get(name) ?? Promise.resolve(), (error) => hasReason(error, 'ServiceUnavailable'));
      });
    }

    it('ends the session of a stream, and its closing', async () => {
      await stream.over;
      await stream.close();
      assert.equal(disconnects, 1);
    });

    it('refuses what comes later at once', async () => {
      assert.equal(node.isConnected, false);
      const refused = (error: unknown): boolean => hasReason(error, 'ServiceUnavailable');
      await assert.rejects(node.flush(), refused);
      await assert.rejects(node.request(subjects.upCall('n1', 'sync'), {}), refused);
    });
  });
}

describe('waits on a bus', function () {
  this.timeout(20_000);
  let bench: BusBench;
  let node: NatsBus;

  before(async () => {
    bench = await BusBench.open();
    node = await bench.node('n1');
  });
  after(async () => {
    process.kill(bench.server.pid ?? 0, 'SIGCONT');
    await bench.close();
  });

  it('end with their caller and with their limit, long before a frozen server is noticed', async () => {
    process.kill(bench.server.pid ?? 0, 'SIGSTOP');
    const dialing = await bench.dial('n2');
    const waits = {
      flush: (options: { timeoutMs?: number; signal?: AbortSignal }) => node.flush(options),
      request: (options: { timeoutMs?: number; signal?: AbortSignal }) =>
        node.request('berth.up.n1.rpc.x', {}, options),
      ready: (options: { timeoutMs?: number; signal?: AbortSignal }) => dialing.ready(options),
    };
    for (const [name, begin] of Object.entries(waits)) {
      const caller = new AbortController();
      const given = begin({ signal: caller.signal });
      caller.abort(new Error('enough'));
      await assert.rejects(given, /enough/, name);
      await assert.rejects(begin({ signal: caller.signal }), /enough/, name);
      await assert.rejects(
        begin({ timeoutMs: 50 }),
        (error) => hasReason(error, name === 'ready' ? 'ServiceUnavailable' : 'Timeout'),
        name,
      );
    }
  });

  it('end with the bus: closing waits for nobody', async () => {
    const flushed = assert.rejects(node.flush(), (error) => hasReason(error, 'ServiceUnavailable'));
    await node.close();
    await flushed;
  });
});

describe('a bus that dials a server which never answers', function () {
  this.timeout(40_000);

  it('holds one dial at a time, and none once it is closed', async () => {
    const open = new Set<Socket>();
    let dials = 0;
    const server = createServer((socket) => {
      dials += 1;
      open.add(socket);
      socket.on('error', () => undefined).on('close', () => open.delete(socket));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const bus = new NatsBus({
      name: 'n1',
      servers: [`nats://127.0.0.1:${port}`],
      dialWithinMs: 100,
      log: silentLogger,
    });
    await until(() => dials >= 4, 'it dials again', { withinMs: 30_000 });
    // The client never lets go of the first one itself.
    assert.ok(open.size <= 2, `${open.size} of ${dials} dials stand`);
    const before = open.size;
    const ready = assert.rejects(bus.ready(), (error) => hasReason(error, 'ServiceUnavailable'));
    await bus.close();
    await ready;
    await until(() => open.size < Math.max(before, 2), 'the dial in flight is given up');
    for (const socket of open) socket.destroy();
    server.close();
  });
});
