import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { countWholeLines } from '../../../agent/logs/cri-line.ts';
import { listLogFiles } from '../../../agent/logs/log-files.ts';
import { LogScanner } from '../../../agent/logs/log-scanner.ts';
import { LogWriter } from './log-writer.ts';

const records = fc.array(
  fc.record({
    text: fc.oneof(fc.constantFrom('', ' ', 'F', ' stdout P ', 'é', 'x'.repeat(20_000)), fc.string()),
    stream: fc.constantFrom('stdout', 'stderr'),
    flag: fc.constantFrom('F', 'F', 'F', 'P', 'F:tag'),
    doesRotate: fc.boolean(),
    doesRestart: fc.boolean(),
  }),
  { maxLength: 12 },
);

describe('LogScanner', () => {
  it('counts as many lines as it reads, and comes to the same place', async () => {
    await fc.assert(
      fc.asyncProperty(records, async (written) => {
        const folder = await mkdtemp(join(tmpdir(), 'berth-scan-'));
        try {
          const writer = await new LogWriter(folder).open();
          for (const { text, stream, flag, doesRotate, doesRestart } of written) {
            await writer.write(text.replaceAll('\n', ''), { stream, flag });
            if (doesRotate) {
              await writer.rotate();
              await writer.reopenLog();
            }
            if (doesRestart) await writer.restart();
          }
          const [reader, counter] = [new LogScanner(writer.directory), new LogScanner(writer.directory)];
          for (const file of await listLogFiles(writer.directory)) {
            assert.deepEqual(await count(counter, file), await read(reader, file));
            assert.deepEqual(counter.position, reader.position);
          }
          await Promise.all([reader.close(), counter.close()]);
        } finally {
          await rm(folder, { recursive: true });
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('countWholeLines', () => {
  const record = (flag: string): string => `2026-01-01T00:00:00.123456789+00:00 stdout ${flag} text\n`;

  it('counts up to the first piece of a line, of which monitors write one whenever their buffer ends', () => {
    const whole = record('F').repeat(3);
    const records = Buffer.from(`${whole}${record('P')}${record('F')}`);
    assert.deepEqual(countWholeLines(records), { count: 3, bytes: whole.length });
    assert.deepEqual(countWholeLines(records.subarray(0, whole.length - 1)), {
      count: 2,
      bytes: (whole.length * 2) / 3,
    });
    assert.deepEqual(countWholeLines(Buffer.from(record('P'))), { count: 0, bytes: 0 });
  });
});

type File = Awaited<ReturnType<typeof listLogFiles>>[number];

async function count(scanner: LogScanner, file: File): Promise<number> {
  const { count: found, isAtEnd } = await scanner.skip(file);
  return isAtEnd ? found : found + (await count(scanner, file));
}

async function read(scanner: LogScanner, file: File): Promise<number> {
  const { lines, isAtEnd } = await scanner.read({ lines: 3, bytes: 1000 }, () => false, file);
  return isAtEnd ? lines.length : lines.length + (await read(scanner, file));
}
