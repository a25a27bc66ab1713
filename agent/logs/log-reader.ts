import { stat } from 'node:fs/promises';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/errors.ts';
import { type LogLine, type LogQuery, formatLogLine } from '../../shared/logs.ts';
import { utcTime } from './cri-line.ts';
import { type LogFile, type Place, compareFiles, listLogFiles, sizeOf } from './log-files.ts';
import { type LogPosition, LogScanner } from './log-scanner.ts';
import { tailPosition } from './log-tail.ts';

export interface ReadOptions {
  clock?: Clock;
  /** Says that nothing will be written any more: a follower then ends. Absent: it ends with its signal. */
  isFinal?: () => boolean;
}

const limits = { lines: 1000, bytes: 64 << 10 };
const pollMs = 100;

/**
 * The log of one container as `kubectl logs` prints it: its newest attempt, all files of it. With `follow` it goes on
 * over rotation and restarts. `directory` holds the files of this container. Throws BadRequest when there is no
 * previous attempt.
 */
export async function* readLogs(
  directory: string,
  query: LogQuery,
  signal: AbortSignal,
  options: ReadOptions = {},
): AsyncIterable<Uint8Array> {
  const scanner = new LogScanner(directory, await startOf(directory, query));
  const only = query.previous === true ? scanner.position.attempt : undefined;
  const since = query.sinceTime === undefined ? '' : (utcTime(query.sinceTime) ?? query.sinceTime);
  const print = printer(query);
  try {
    for await (const lines of scan(scanner, only, query, signal, options)) {
      const text = print(lines.filter(({ time }) => time >= since));
      if (text.bytes.length > 0) yield text.bytes;
      if (text.isFull) return;
    }
  } finally {
    await scanner.close();
  }
}

async function* scan(
  scanner: LogScanner,
  only: number | undefined,
  query: LogQuery,
  signal: AbortSignal,
  { clock = systemClock, isFinal = () => false }: ReadOptions,
): AsyncIterable<LogLine[]> {
  const isFollowing = query.follow === true && only === undefined;
  const last = only === undefined ? undefined : { attempt: only, part: Infinity };
  const end = isFollowing ? undefined : await endOf(scanner, only);
  while (!signal.aborted) {
    const isLast = !isFollowing || isFinal(); // before the read: nothing can follow what is read then
    const { lines, isAtEnd } = await scanner.read(limits, () => isLast, last);
    if (lines.length > 0) yield lines;
    if (end !== undefined && isBeyond(scanner.position, end)) return; // who writes fast would keep a reader for ever
    if (!isAtEnd) continue;
    if (isLast) return;
    if (lines.length === 0) await clock.sleep(pollMs, signal).catch(() => undefined); // an abort ends the loop
  }
}

/** Where the log ends now. */
async function endOf(scanner: LogScanner, only: number | undefined): Promise<Place & { offset: number }> {
  const files = await listLogFiles(scanner.directory);
  const last = files.findLast(({ attempt }) => only === undefined || attempt === only);
  if (last === undefined) return { attempt: -1, part: 0, offset: 0 };
  return { attempt: last.attempt, part: last.part, offset: sizeOf(last.path) };
}

function isBeyond(position: LogPosition, end: Place & { offset: number }): boolean {
  const order = compareFiles(position, end);
  return order > 0 || (order === 0 && position.offset > end.offset);
}

async function startOf(directory: string, query: LogQuery): Promise<LogPosition | undefined> {
  const all = await listLogFiles(directory);
  const attempts = [...new Set(all.map(({ attempt }) => attempt))].reverse();
  const attempt = attempts[query.previous === true ? 1 : 0];
  if (attempt === undefined) {
    if (query.previous === true) throw new ApiError('NotFound', 'no previous attempt of this container is on the node');
    return undefined;
  }
  const files = all.filter((file) => file.attempt === attempt);
  if (query.tailLines !== undefined) return tailPosition(files, query.tailLines);
  const first = await firstSince(files, query.sinceTime);
  return { attempt, part: first?.part ?? 1, offset: 0, pending: {} };
}

/** Files that were last written before the time wanted are not read at all. */
async function firstSince(files: readonly LogFile[], sinceTime: string | undefined): Promise<LogFile | undefined> {
  const since = sinceTime === undefined ? NaN : Date.parse(sinceTime);
  if (Number.isNaN(since)) return files[0];
  for (const file of files) {
    const found = await stat(file.path).catch(() => undefined);
    if (found !== undefined && found.mtimeMs >= since) return file;
  }
  return files.at(-1);
}

/** Text of lines, cut at `limitBytes` over all calls. */
function printer(query: LogQuery): (lines: readonly LogLine[]) => { bytes: Buffer; isFull: boolean } {
  let left = query.limitBytes ?? Infinity;
  return (lines) => {
    const text = lines.map((line) => formatLogLine(line, query.timestamps ?? false)).join('');
    const bytes = Buffer.from(text, 'utf8');
    const kept = bytes.length > left ? bytes.subarray(0, left) : bytes;
    left -= kept.length;
    return { bytes: kept, isFull: left <= 0 };
  };
}
