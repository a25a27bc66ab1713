import assert from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { dictionary } from '../../../controller/api/spdy/dictionary.ts';
import {
  dataFrame,
  FrameReader,
  openFrame,
  pingFrame,
  replyFrame,
  resetFrame,
  type SpdyFrame,
} from '../../../controller/api/spdy/frames.ts';
import { HeaderReader, HeaderWriter } from '../../../controller/api/spdy/header-block.ts';
import { hasReason } from '../../../shared/errors.ts';

describe('SPDY header blocks', () => {
  it('use the dictionary that both sides must have', () => {
    let [a, b] = [1, 0];
    for (const byte of dictionary) {
      a = (a + byte) % 65_521;
      b = (b + a) % 65_521;
    }
    assert.deepEqual([dictionary.length, (b * 65_536 + a).toString(16)], [1423, 'e3c6a7c2']);
  });

  it('are read as they were written, one after the other', async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
    const blocks = fc.array(fc.dictionary(name, fc.string({ unit: 'binary', maxLength: 200 }), { maxKeys: 8 }), {
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(blocks, async (given) => {
        const [writer, reader] = [new HeaderWriter(), new HeaderReader()];
        for (const headers of given) {
          const written = new Map(Object.entries(headers));
          assert.deepEqual(await reader.read(await writer.write(written)), written);
        }
        writer.close();
        reader.close();
      }),
      { numRuns: 50 },
    );
  });

  it('are refused when they are no such thing, or grow beyond measure', async () => {
    const bad: [string, Uint8Array][] = [
      ['no zlib', Buffer.from('not compressed at all')],
      ['nothing', Buffer.alloc(0)],
      ['another dictionary', deflateSync(Buffer.alloc(4), { dictionary: Buffer.from('other') })],
      ['a bomb', deflateSync(Buffer.alloc(50_000_000), { dictionary: Buffer.from(dictionary) })],
      ['more pairs than bytes', deflateSync(Buffer.from([0, 0, 0, 9]), { dictionary: Buffer.from(dictionary) })],
      [
        'a length beyond the end',
        deflateSync(Buffer.from([0, 0, 0, 1, 255, 255, 255, 255]), { dictionary: Buffer.from(dictionary) }),
      ],
    ];
    for (const [what, block] of bad) {
      const reader = new HeaderReader();
      await assert.rejects(reader.read(block), (error) => hasReason(error, 'BadRequest'), what);
      reader.close();
    }
  });
});

describe('SPDY frames', () => {
  const stream = fc.integer({ min: 0, max: 0x7fff_ffff });
  const bytes = fc.uint8Array({ maxLength: 300 });
  const frame: fc.Arbitrary<[SpdyFrame, Uint8Array]> = fc.oneof(
    fc
      .tuple(stream, bytes, fc.boolean())
      .map(([id, block, fin]): [SpdyFrame, Uint8Array] => [
        { kind: 'open', stream: id, block, fin },
        openFrame(id, block, fin),
      ]),
    fc
      .tuple(stream, bytes)
      .map(([id, block]): [SpdyFrame, Uint8Array] => [
        { kind: 'reply', stream: id, block, fin: false },
        replyFrame(id, block),
      ]),
    fc
      .tuple(stream, fc.nat(10))
      .map(([id, status]): [SpdyFrame, Uint8Array] => [{ kind: 'reset', stream: id, status }, resetFrame(id, status)]),
    fc.nat(1000).map((id): [SpdyFrame, Uint8Array] => [{ kind: 'ping', id }, pingFrame(id)]),
    fc
      .tuple(stream, bytes, fc.boolean())
      .map(([id, data, fin]): [SpdyFrame, Uint8Array] => [
        { kind: 'data', stream: id, bytes: data, fin },
        dataFrame(id, data, fin),
      ]),
  );

  it('are the same however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (given, cuts) => {
          const all = Buffer.concat(given.map(([, wire]) => wire));
          const reader = new FrameReader();
          const read: SpdyFrame[] = [];
          for (let at = 0, turn = 0; at < all.length; turn += 1) {
            const length = cuts[turn % cuts.length] ?? 1;
            read.push(...reader.read(all.subarray(at, at + length)));
            at += length;
          }
          assert.deepEqual(joined(read), joined(given.map(([one]) => one)));
        },
      ),
    );
  });

  it('that are no SPDY are refused, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }), (pieces) => {
        const reader = new FrameReader();
        try {
          for (const piece of pieces) for (const one of reader.read(piece)) assert(one.kind);
        } catch (error) {
          assert(hasReason(error, 'BadRequest'), String(error));
        }
      }),
      { numRuns: 500 },
    );
    const long = Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff]);
    assert.throws(() => [...new FrameReader().read(long)], /too long/);
    assert.throws(() => [...new FrameReader().read(Buffer.from([0x80, 2, 0, 1, 0, 0, 0, 0]))], /not version 3/);
    assert.throws(() => [...new FrameReader().read(Buffer.from([0x80, 3, 0, 1, 0, 0, 0, 0]))], /too short/);
  });
});

/** Plain values; pieces of one data frame are put together. */
function joined(frames: readonly SpdyFrame[]): unknown[] {
  const all: unknown[] = [];
  let open: { stream: number; hex: string; fin: boolean } | undefined;
  for (const frame of frames) {
    if (frame.kind !== 'data') {
      open = undefined;
      all.push('block' in frame ? { ...frame, block: Buffer.from(frame.block).toString('hex') } : frame);
    } else if (open !== undefined && open.stream === frame.stream && !open.fin) {
      open.hex += Buffer.from(frame.bytes).toString('hex');
      open.fin = frame.fin;
    } else {
      open = { stream: frame.stream, hex: Buffer.from(frame.bytes).toString('hex'), fin: frame.fin };
      all.push(open);
    }
  }
  return all;
}
