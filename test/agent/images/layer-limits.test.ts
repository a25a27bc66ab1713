import assert from 'node:assert/strict';
import { defaultLayerLimits, LayerBudget, type LayerLimits, rewriteLayer } from '../../../agent/images/tar-rewriter.ts';
import { makeTar } from './tar-builder.ts';

const pieceBytes = 700;

describe('what the layers of an image may hold', () => {
  async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }

  async function rewrite(tar: Buffer, limits: LayerLimits): Promise<void> {
    const facts = { entries: 0, bytes: 0, isOpaqueRoot: false };
    for await (const _piece of rewriteLayer(inPieces(tar), new LayerBudget(limits), facts));
  }

  it('stops at its limits', async () => {
    const many = Array.from({ length: 20 }, (_, index) => ({ name: `f${index}` }));
    await assert.rejects(rewrite(makeTar(many), { entries: 10, bytes: 1 << 20 }), /more than 10 files/);
    const large = [{ name: 'large', content: Buffer.alloc(100_000) }];
    await assert.rejects(rewrite(makeTar(large), { entries: 10, bytes: 50_000 }), /more than 50000 bytes/);
    await assert.rejects(
      rewrite(Buffer.concat([makeTar([]), Buffer.alloc(100_000)]), { entries: 10, bytes: 50_000 }),
      /more than 50000 bytes/,
    );
  });

  it('refuses a file that is too large for what is left by its header, of all layers together', async () => {
    const gibi = 1024 ** 3;
    const budget = new LayerBudget(defaultLayerLimits);
    let read = 0;
    /** A layer of which only the beginning is ever asked for: its header, and some of the file. */
    async function* endless(bytes: number): AsyncGenerator<Buffer> {
      yield makeTar([{ name: 'zeros', size: bytes }], Buffer.alloc(0));
      for (;;) {
        read += 1 << 16;
        yield Buffer.alloc(1 << 16);
      }
    }
    const begin = async (bytes: number): Promise<unknown> => {
      const facts = { entries: 0, bytes: 0, isOpaqueRoot: false };
      return rewriteLayer(endless(bytes), budget, facts).next();
    };
    await begin(9 * gibi);
    await begin(10 * gibi);
    const before = read;
    await assert.rejects(begin(2 * gibi), /unpacks to more than 21474836480 bytes/);
    assert.equal(read, before, 'nothing of it was read');
  });

  it('counts each byte once, to the last one that the limit allows', async () => {
    const tar = makeTar([
      { name: 'a', content: Buffer.alloc(100_000) },
      { name: 'b', content: Buffer.alloc(70_001) },
    ]);
    await rewrite(tar, { entries: 10, bytes: tar.length });
    await assert.rejects(rewrite(tar, { entries: 10, bytes: tar.length - 1 }), /unpacks to more/);
  });
});
