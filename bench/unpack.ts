import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decompress } from '../agent/images/decompress.ts';
import { LayerBudget, defaultLayerLimits, rewriteLayer } from '../agent/images/tar-rewriter.ts';
import { unpackTar } from '../agent/images/unpack.ts';

/** Unpacking a layer of 3,000 files, against `tar -xz`, which neither checks names nor digests. */
const folder = await mkdtemp(join(tmpdir(), 'berth-bench-'));
const signal = new AbortController().signal;

try {
  const blob = await makeLayer();
  const bytes = spawnSync('stat', ['-c', '%s', blob], { encoding: 'utf8' }).stdout.trim();
  process.stdout.write(`layer of 3000 files, ${bytes} bytes compressed; three rounds, best of each\n`);
  const rounds = { 'tar -xz': [] as number[], berth: [] as number[] };
  for (let round = 0; round < 3; round += 1) {
    rounds['tar -xz'].push(await timed(async (root) => void spawnSync('tar', ['-xzf', blob, '-C', root])));
    rounds.berth.push(await timed((root) => unpackAsBerth(blob, root)));
  }
  for (const [name, times] of Object.entries(rounds)) {
    process.stdout.write(`${name.padEnd(10)} ${Math.min(...times).toFixed(0)} ms\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function makeLayer(): Promise<string> {
  const source = join(folder, 'source');
  for (let index = 0; index < 3000; index += 1) {
    const path = join(source, `d${index % 100}`);
    await mkdir(path, { recursive: true });
    const text = randomBytes(6000).toString('hex').repeat(3);
    await writeFile(join(path, `f${index}`), text);
  }
  spawnSync('tar', ['-czf', join(folder, 'layer.tar.gz'), '-C', source, '.']);
  return join(folder, 'layer.tar.gz');
}

async function timed(work: (root: string) => Promise<void>): Promise<number> {
  const root = join(folder, 'root');
  await mkdir(root);
  const start = performance.now();
  await work(root);
  const elapsed = performance.now() - start;
  await rm(root, { recursive: true });
  return elapsed;
}

async function unpackAsBerth(blob: string, root: string): Promise<void> {
  const hash = createHash('sha256');
  const facts = { entries: 0, bytes: 0, isOpaqueRoot: false };
  const tar = async function* (): AsyncGenerator<Buffer, void> {
    for await (const piece of decompress(createReadStream(blob, { highWaterMark: 256 * 1024 }), signal)) {
      hash.update(piece);
      yield piece;
    }
  };
  await unpackTar(rewriteLayer(tar(), new LayerBudget(defaultLayerLimits), facts), root, signal);
  hash.digest();
}
