import assert from 'node:assert/strict';
import type { HistoryStore } from '../../controller/history/history-store.ts';
import type { LogBatch } from '../../shared/bus/messages.ts';
import type { LogLine } from '../../shared/logs.ts';

/** Lines numbered from `first`, one a second. */
export function someLines(first: number, count: number, attempt = 0): LogLine[] {
  return Array.from({ length: count }, (_, index) => ({
    time: `${new Date(Date.UTC(2026, 0, 1) + (first + index) * 1000).toISOString().slice(0, -1)}000000Z`,
    stream: (first + index) % 2 === 0 ? 'stdout' : 'stderr',
    attempt,
    text: `line ${first + index}`,
  }));
}

export function aBatch(first: number, count: number, more: Partial<LogBatch> = {}): LogBatch {
  return {
    namespace: 'default',
    pod: 'web',
    uid: 'u1',
    container: 'main',
    first,
    lines: someLines(first, count),
    ...more,
  };
}

async function textOf(lines: AsyncIterable<LogLine[]>): Promise<string[]> {
  const all: string[] = [];
  for await (const portion of lines) all.push(...portion.map(({ text }) => text));
  return all;
}

/** What every HistoryStore does. */
export function historyStoreConformance(name: string, open: () => Promise<HistoryStore>): void {
  describe(`HistoryStore: ${name}`, () => {
    let history: HistoryStore;
    beforeEach(async () => {
      history = await open();
    });
    afterEach(() => history.close());

    it('gives lines back in order', async () => {
      assert.deepEqual(await history.appendLogs('n1', [aBatch(0, 3), aBatch(0, 2, { container: 'side' })]), [3, 2]);
      assert.deepEqual(await history.appendLogs('n1', [aBatch(3, 2)]), [5]);
      assert.deepEqual(
        await textOf(history.readLogs('u1', 'main', { attempt: 0 })),
        [0, 1, 2, 3, 4].map((n) => `line ${n}`),
      );
    });

    it('stores a line once, however often it is sent', async () => {
      await history.appendLogs('n1', [aBatch(0, 3)]);
      assert.deepEqual(await history.appendLogs('n1', [aBatch(0, 3)]), [3]);
      assert.deepEqual(await history.appendLogs('n1', [aBatch(1, 4)]), [5]);
      assert.equal((await textOf(history.readLogs('u1', 'main', { attempt: 0 }))).length, 5);
    });

    it('takes the lines of a stream from the node that began it alone', async () => {
      await history.appendLogs('n1', [aBatch(0, 2)]);
      assert.deepEqual(await history.appendLogs('n2', [aBatch(2, 2)]), [4]);
      assert.equal((await history.findStream('u1', 'main'))?.next, 2);
    });

    it('goes on after lines that were lost at the node', async () => {
      await history.appendLogs('n1', [aBatch(0, 1)]);
      assert.deepEqual(await history.appendLogs('n1', [aBatch(10, 2, { lost: 9 })]), [12]);
      assert.deepEqual(await textOf(history.readLogs('u1', 'main', { attempt: 0 })), ['line 0', 'line 10', 'line 11']);
    });

    it('reads the last lines over many batches', async () => {
      for (let first = 0; first < 400; first += 10) await history.appendLogs('n1', [aBatch(first, 10)]);
      assert.deepEqual(await textOf(history.readLogs('u1', 'main', { attempt: 0, tailLines: 3 })), [
        'line 397',
        'line 398',
        'line 399',
      ]);
      assert.equal((await textOf(history.readLogs('u1', 'main', { attempt: 0, tailLines: 333 }))).length, 333);
      assert.deepEqual(await textOf(history.readLogs('u1', 'main', { attempt: 0, tailLines: 0 })), []);
    });

    it('reads from a time on, and one attempt only', async () => {
      await history.appendLogs('n1', [aBatch(0, 10)]);
      await history.appendLogs('n1', [aBatch(10, 5, { lines: someLines(10, 5, 1) })]);
      assert.deepEqual(
        await textOf(history.readLogs('u1', 'main', { attempt: 0, sinceTime: '2026-01-01T00:00:08.000' })),
        ['line 8', 'line 9'],
      );
      assert.equal((await textOf(history.readLogs('u1', 'main', { attempt: 1 }))).length, 5);
      assert.equal((await history.findStream('u1', 'main'))?.lastAttempt, 1);
    });

    it('finds the streams of all pods that had a name, the newest first', async () => {
      await history.appendLogs('n1', [aBatch(0, 1)]);
      await history.appendLogs('n2', [aBatch(0, 1, { uid: 'u2' })]);
      const found = await history.findStreams('default', 'web');
      assert.deepEqual(
        found.map(({ uid, node }) => [uid, node]),
        [
          ['u2', 'n2'],
          ['u1', 'n1'],
        ],
      );
      assert.deepEqual(await history.findStreams('default', 'nobody'), []);
    });
  });
}
