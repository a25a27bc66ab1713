import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parseRecord, utcTime } from '../../../agent/logs/cri-line.ts';
import { type ReadOptions, readLogs } from '../../../agent/logs/log-reader.ts';
import { tailText } from '../../../agent/logs/log-text.ts';
import type { LogQuery } from '../../../shared/logs.ts';
import { LogWriter } from './log-writer.ts';

describe('parseRecord', () => {
  it('reads a record and writes its time in UTC with nine digits', () => {
    assert.deepEqual(parseRecord(Buffer.from('2026-01-01T01:00:00.5+01:00 stderr P half ')), {
      time: '2026-01-01T00:00:00.500000000Z',
      stream: 'stderr',
      isEnd: false,
      text: 'half ',
    });
    assert.equal(parseRecord(Buffer.from('2026-01-01T00:00:00Z stdout F'))?.text, '');
    assert.equal(parseRecord(Buffer.from('garbage')), undefined);
  });

  it('keeps the order of times in their texts', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
        fc.nat(1e9),
        (date, later) => {
          const [a, b] = [date.toISOString(), new Date(date.getTime() + later).toISOString()].map((text) =>
            utcTime(text),
          );
          assert.ok((a ?? '') <= (b ?? ''));
        },
      ),
    );
  });
});

describe('readLogs', () => {
  let logs: string;
  let writer: LogWriter;
  const controller = new AbortController();

  const read = async (query: LogQuery = {}, options: ReadOptions = {}): Promise<string> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of readLogs(writer.directory, query, controller.signal, options)) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  };

  beforeEach(async () => {
    logs = await mkdtemp(join(tmpdir(), 'berth-logs-'));
    writer = await new LogWriter(logs).open();
  });

  afterEach(() => rm(logs, { recursive: true }));

  it('gives the lines of the newest attempt over its rotated files', async () => {
    await writer.write('old');
    await writer.restart();
    await writer.write('one');
    await writer.rotate();
    await writer.reopenLog();
    await writer.write('two');
    assert.equal(await read(), 'one\ntwo\n');
    assert.equal(await read({ previous: true }), 'old\n');
  });

  it('refuses a previous attempt that is not there', async () => {
    await writer.write('one');
    await assert.rejects(read({ previous: true }), /no previous attempt of this container/);
  });

  it('joins the pieces of a line, of each stream for itself', async () => {
    await writer.write('he', { flag: 'P' });
    await writer.write('error', { stream: 'stderr' });
    await writer.write('llo');
    await writer.write('end', { flag: 'P' });
    assert.equal(await read(), 'error\nhello\nend\n');
  });

  it('shows times in UTC, and lines since one', async () => {
    await writer.write('one');
    await writer.write('two');
    assert.equal(await read({ timestamps: true, tailLines: 1 }), '2026-01-01T00:00:02.123456789Z two\n');
    assert.equal(await read({ sinceTime: '2026-01-01T00:00:02Z' }), 'two\n');
  });

  it('cuts at the limit of bytes', async () => {
    await writer.writeMany(['one', 'two']);
    assert.equal(await read({ limitBytes: 6 }), 'one\ntw');
  });

  it('gives exactly the last lines, over blocks and files', async () => {
    const all = Array.from({ length: 6000 }, (_, index) => `line ${String(index)} ${'x'.repeat(index % 50)}`);
    await writer.writeMany(all.slice(0, 3000));
    await writer.rotate();
    await writer.reopenLog();
    await writer.writeMany(all.slice(3000));
    for (const tailLines of [0, 1, 2999, 3000, 3001, 5999, 6000, 7000]) {
      const wanted = tailLines === 0 ? [] : all.slice(-tailLines);
      assert.deepEqual((await read({ tailLines })).split('\n').slice(0, -1), wanted, `tail ${String(tailLines)}`);
    }
  });

  it('follows over rotation and restarts, loses and doubles nothing, and ends when all is over', async () => {
    let isOver = false;
    const text = read({ follow: true }, { isFinal: () => isOver });
    const wanted: string[] = [];
    for (let round = 1; round <= 20; round += 1) {
      for (let line = 0; line < 50; line += 1) wanted.push(`${String(round)}.${String(line)}`);
      await writer.writeMany(wanted.slice(-50, -25));
      if (round % 3 === 0) {
        await writer.rotate();
        await writer.writeMany(wanted.slice(-25, -20)); // the runtime was not told yet
        await writer.reopenLog();
        await writer.writeMany(wanted.slice(-20));
      } else await writer.writeMany(wanted.slice(-25));
      if (round % 7 === 0) await writer.restart();
    }
    isOver = true;
    assert.deepEqual((await text).split('\n').slice(0, -1), wanted);
  });

  it('ends when the follower leaves', async () => {
    const leaving = new AbortController();
    const reading = readLogs(writer.directory, { follow: true }, leaving.signal)[Symbol.asyncIterator]();
    const next = reading.next();
    leaving.abort();
    assert.equal((await next).done, true);
  });
});

describe('tailText', () => {
  it('gives the last lines of one file within a number of bytes', async () => {
    const logs = await mkdtemp(join(tmpdir(), 'berth-logs-'));
    const writer = await new LogWriter(logs).open();
    await writer.writeMany(Array.from({ length: 1000 }, (_, index) => `line ${String(index)}`));
    assert.equal(await tailText(writer.path, 2, 2048), 'line 998\nline 999\n');
    assert.equal((await tailText(writer.path, 80, 100)).length, 100);
    assert.equal(await tailText(join(logs, 'absent'), 2, 2048), '');
    await rm(logs, { recursive: true });
  });
});
