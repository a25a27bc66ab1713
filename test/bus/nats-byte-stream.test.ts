import assert from 'node:assert/strict';
import { channel, type ByteStream, type Chunk } from '../../shared/bus/byte-stream.ts';
import type { NatsBus } from '../../shared/bus/nats-bus.ts';
import { openByteStream, windowBytes } from '../../shared/bus/nats-byte-stream.ts';
import { encodeFrame } from '../../shared/bus/stream-frame.ts';
import { subjects } from '../../shared/bus/subjects.ts';
import { hasReason } from '../../shared/errors.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { BusBench } from './bus-bench.ts';
import { until } from '../support/until.ts';

describe('byte stream', function () {
  this.timeout(20_000);
  let bench: BusBench;
  let controller: NatsBus;
  let node: NatsBus;
  let lifetime: AbortController;
  let serial = 0;

  before(async () => {
    bench = await BusBench.open();
    controller = await bench.controller();
    node = await bench.node('n1');
  });
  after(async () => bench.close());
  beforeEach(() => {
    lifetime = new AbortController();
  });
  afterEach(() => lifetime.abort());

  async function open(clock?: ManualClock): Promise<{ here: ByteStream; there: ByteStream; session: string }> {
    const session = String((serial += 1)).padStart(32, '0');
    const up = subjects.streamUp('n1', session);
    const down = subjects.streamDown('n1', session);
    const { signal } = lifetime;
    const here = openByteStream(controller, { send: down, receive: up, signal, clock });
    const there = openByteStream(node, { send: up, receive: down, signal, clock });
    await controller.flush();
    await node.flush();
    return { here, there, session };
  }

  async function readAll(stream: ByteStream): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return chunks;
  }

  it('carries bytes both ways, in order, with the ends of channels', async () => {
    const { here, there } = await open();
    const sent = Buffer.alloc(3 * windowBytes + 17, 'abc');
    const received = readAll(here);
    const input = readAll(there);
    await here.write(channel.stdin, Buffer.from('hello'));
    await here.end(channel.stdin);
    await there.write(channel.stdout, sent);
    await there.write(channel.error, Buffer.from('{}'));
    await there.close();
    const chunks = await received;
    const out = Buffer.concat(chunks.filter((chunk) => chunk.channel === channel.stdout).map(({ bytes }) => bytes));
    assert.ok(out.equals(sent));
    assert.equal(Buffer.from(chunks.at(-1)?.bytes ?? []).toString(), '{}');
    const [first, end, ...rest] = await input;
    assert.equal(Buffer.from(first?.bytes ?? []).toString(), 'hello');
    assert.equal(end?.bytes.length, 0);
    assert.equal(rest.length, 0);
  });

  it('stops a writer whose reader is slow, and nobody else', async () => {
    const slow = await open();
    const quick = await open();
    let written = 0;
    const stalled = (async () => {
      for (;;) {
        await slow.there.write(channel.stdout, Buffer.alloc(64 * 1024));
        written += 64 * 1024;
      }
    })();
    stalled.catch(() => undefined);
    await until(() => written === windowBytes, 'the window is full');
    const reading = readAll(quick.here);
    await quick.there.write(channel.stdout, Buffer.alloc(8 * 1024 * 1024));
    await quick.there.close();
    assert.equal(
      (await reading).reduce((sum, { bytes }) => sum + bytes.length, 0),
      8 * 1024 * 1024,
    );
    assert.equal(written, windowBytes);
    for await (const chunk of slow.here) {
      assert.ok(chunk.bytes.length > 0);
      if (written > 2 * windowBytes) break;
    }
    await slow.here.close('BadRequest: enough');
    await assert.rejects(stalled, (error) => hasReason(error, 'BadRequest') && error.message === 'enough');
  });

  it('fails at a gap, at both sides', async () => {
    const { here, there, session } = await open();
    node.publishBytes(subjects.streamUp('n1', session), encodeFrame({ kind: 'ping' }, 7));
    await assert.rejects(readAll(here), (error) => hasReason(error, 'ServiceUnavailable'));
    await assert.rejects(readAll(there), /lost on the way/);
    await assert.rejects(there.write(channel.stdout, Buffer.from('x')), /lost on the way/);
  });

  it('fails at garbage and at more than was granted', async () => {
    const garbage = await open();
    node.publishBytes(subjects.streamUp('n1', garbage.session), Buffer.from('??'));
    await assert.rejects(readAll(garbage.here), (error) => hasReason(error, 'BadRequest'));
    const flood = await open();
    for (let sequence = 0; sequence < 17; sequence += 1) {
      const frame = encodeFrame({ kind: 'data', channel: channel.stdout, bytes: Buffer.alloc(32 * 1024) }, sequence);
      node.publishBytes(subjects.streamUp('n1', flood.session), frame);
    }
    await assert.rejects(readAll(flood.there), /more than was granted/);
  });

  it('pings while idle and fails after 45 s of silence', async () => {
    const clock = new ManualClock();
    const { here, session } = await open(clock);
    const pings: number[] = [];
    void (async () => {
      for await (const { bytes } of node.subscribe(subjects.streamDown('n1', session), lifetime.signal)) {
        pings.push(bytes[0] ?? 0);
      }
    })();
    await node.flush();
    await clock.advance(15_000);
    await until(() => pings.length > 0, 'a ping');
    const alone = openByteStream(controller, {
      send: 'berth.down.n1.s.gone',
      receive: 'berth.up.n1.s.gone',
      signal: lifetime.signal,
      clock,
    });
    const reading = assert.rejects(readAll(alone), /nothing heard/);
    await clock.advance(45_000);
    await reading;
    await here.close();
  });

  it('tells the other side when the caller goes away', async () => {
    const { there } = await open();
    lifetime.abort();
    await assert.rejects(readAll(there), (error) => hasReason(error, 'ServiceUnavailable'));
  });

  it('fails when the bus goes away', async () => {
    const { here, there } = await open();
    const { pid } = bench.server;
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await assert.rejects(readAll(here), /connection was lost/);
    await assert.rejects(readAll(there), /connection was lost/);
  });
});
