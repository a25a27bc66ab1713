import { type FileHandle, open } from 'node:fs/promises';
import type { LogFile } from './log-files.ts';
import { type LogPosition } from './log-scanner.ts';

const blockBytes = 64 << 10;

/** Where the last `count` lines of these files begin. Reads backwards from the end and no further than needed. */
export async function tailPosition(files: readonly LogFile[], count: number): Promise<LogPosition | undefined> {
  let left = count;
  for (const { path, attempt, part } of files.toReversed()) {
    const file = await open(path, 'r').catch(() => undefined);
    if (file === undefined) continue;
    try {
      const found = await searchBack(file, left);
      if (found.offset !== undefined) return { attempt, part, offset: found.offset, pending: {} };
      left -= found.lines;
    } finally {
      await file.close();
    }
  }
  const [first] = files;
  return first === undefined ? undefined : { attempt: first.attempt, part: first.part, offset: 0, pending: {} };
}

/** The offset after which `wanted` lines end; else how many lines the file has. */
async function searchBack(file: FileHandle, wanted: number): Promise<{ offset?: number; lines: number }> {
  let end = (await file.stat()).size;
  let rest = Buffer.alloc(0);
  let lines = 0;
  while (end > 0) {
    const start = Math.max(0, end - blockBytes);
    const { buffer } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    const block = Buffer.concat([buffer, rest]);
    // The first record of the block may begin before it, unless the block is the file's first.
    const from = start === 0 ? 0 : block.indexOf(0x0a) + 1;
    for (let stop = block.lastIndexOf(0x0a); stop >= from && stop !== -1;) {
      const before = stop === 0 ? -1 : block.lastIndexOf(0x0a, stop - 1);
      if (isLineEnd(block.subarray(before + 1, stop))) {
        if (lines === wanted) return { offset: start + stop + 1, lines };
        lines += 1;
      }
      stop = before;
    }
    rest = block.subarray(0, from === 0 ? block.length : from);
    end = start;
  }
  return { lines };
}

function isLineEnd(record: Buffer): boolean {
  return /^\S+ std(?:out|err) F/.test(record.subarray(0, 64).toString('latin1'));
}
