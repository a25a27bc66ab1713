import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SpdyConnection } from '../../../controller/api/spdy/connection.ts';
import { openFrame, pingFrame, resetFrame } from '../../../controller/api/spdy/frames.ts';
import type { SpdyStream } from '../../../controller/api/spdy/stream.ts';
import { hasReason } from '../../../shared/errors.ts';
import { until } from '../../support/until.ts';
import { SpdyClient } from './spdy-client.ts';

describe('a SPDY connection', () => {
  let client: SpdyClient;
  let connection: SpdyConnection;
  let streams: SpdyStream[];
  let running: Promise<void>;

  beforeEach(() => {
    client = new SpdyClient();
    connection = new SpdyConnection(client.link);
    streams = [];
    running = connection.run((stream) => streams.push(stream));
    running.catch(() => undefined);
  });
  afterEach(() => client.leave());

  const opened = async (count: number): Promise<SpdyStream[]> => {
    await until(() => streams.length === count, `${count} streams are open`);
    return streams;
  };

  it('answers streams and pings, and carries both directions to their ends', async () => {
    await client.open(1, { streamtype: 'stdin' });
    client.send(pingFrame(7));
    client.data(1, 'hel');
    client.data(1, 'lo', true);
    const [stream] = await opened(1);
    assert(stream);
    assert.equal(stream.headers.get('streamtype'), 'stdin');
    assert.equal(await textOf(stream), 'hello');
    await stream.write(Buffer.alloc(100_000, 'x'));
    await stream.end();
    await stream.write(Buffer.from('too late'));
    assert.equal(client.text(1), 'x'.repeat(100_000));
    assert(client.hasEnded(1));
    assert.deepEqual(
      client.frames.slice(0, 2).map(({ kind }) => kind),
      ['reply', 'ping'],
    );
  });

  it('reads no further than its streams do, and goes on when they do', async () => {
    await client.open(1, {});
    await client.open(3, {});
    const [slow, other] = await opened(2);
    assert(slow && other);
    for (let index = 0; index < 100; index += 1) client.data(1, Buffer.alloc(30_000, 'x'));
    client.data(3, 'behind it', true);
    await until(() => client.unreadBytes < 2_600_000, 'it reads some');
    const left = client.unreadBytes;
    client.data(1, '', true);
    assert(left > 2_000_000, `${left} bytes are left`);
    assert.equal((await textOf(slow)).length, 3_000_000);
    assert.equal(await textOf(other), 'behind it');
  });

  it('is not held up by streams that nobody reads on purpose, that end early, or that are reset', async () => {
    for (const id of [1, 3, 5]) await client.open(id, {});
    const [unread, left, reset] = await opened(3);
    assert(unread && left && reset);
    unread.discard();
    client.data(3, 'one');
    for await (const _bytes of left) break;
    client.data(5, Buffer.alloc(400_000));
    for (const id of [1, 3]) client.data(id, Buffer.alloc(2_000_000));
    client.send(resetFrame(5, 5));
    let isAborted = false;
    reset.whenAborted(() => (isAborted = true));
    const waiting = reset[Symbol.asyncIterator]();
    await waiting.next();
    await until(() => client.unreadBytes === 0 && isAborted, 'all is read');
    assert.equal((await waiting.next()).done, true);
  });

  it('ends all streams when the client is gone, and the link when it is closed', async () => {
    await client.open(1, {});
    const [stream] = await opened(1);
    assert(stream);
    client.leave();
    await running;
    assert.equal(await textOf(stream), '');
    let isAborted = false;
    stream.whenAborted(() => (isAborted = true));
    assert(isAborted && client.isLinkClosed);
    await stream.write(Buffer.from('nobody is there'));
  });

  it('refuses more streams than it can have', async () => {
    for (let id = 1; id <= 1_025; id += 2) await client.open(id, {});
    await until(() => client.frames.some(({ kind }) => kind === 'reset'), 'a stream is refused');
    assert.equal(streams.length, 512);
  });

  it('ends with an error for streams with wrong numbers and blocks that are none', async () => {
    await client.open(1, {});
    await client.open(1, {});
    await assert.rejects(running, (error) => hasReason(error, 'BadRequest'));
    const second = new SpdyClient();
    const other = new SpdyConnection(second.link).run(() => assert.fail('no stream was opened'));
    second.send(openFrame(1, Buffer.from('junk')));
    await assert.rejects(other, (error) => hasReason(error, 'BadRequest'));
  });

  it('survives whatever it is sent', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.tuple(fc.integer({ min: 0, max: 12 }), fc.uint8Array({ maxLength: 60 })).map(([type, body]) => {
        const head = Buffer.from([0x80, 3, 0, type, 1, 0, 0, body.length]);
        return Buffer.concat([head, body]);
      }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const hostile = new SpdyClient();
        const served = new SpdyConnection(hostile.link).run((stream) => void textOf(stream));
        for (const bytes of pieces) hostile.send(bytes);
        hostile.leave();
        await served.catch((error: unknown) => assert(hasReason(error, 'BadRequest'), String(error)));
      }),
      { numRuns: 300 },
    );
  });
});

async function textOf(stream: SpdyStream): Promise<string> {
  let text = '';
  for await (const bytes of stream) text += Buffer.from(bytes).toString('utf8');
  return text;
}
