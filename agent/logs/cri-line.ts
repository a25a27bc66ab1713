import type { LogLine } from '../../shared/logs.ts';

/** One record of a log file: a line, or a piece of one. */
export interface LogRecord {
  /** RFC 3339 with nine digits, UTC. */
  time: string;
  stream: LogLine['stream'];
  /** False for a piece whose line goes on in a later record of the same stream. */
  isEnd: boolean;
  text: string;
}

const newline = 0x0a;
const form = /^(\S+) (stdout|stderr) ([FP])(?::\S*)? ?/;

/** Reads `<time> stdout|stderr F|P <text>`; undefined for anything else. */
export function parseRecord(bytes: Buffer): LogRecord | undefined {
  const head = form.exec(bytes.subarray(0, 64).toString('latin1'));
  const time = head === null ? undefined : utcTime(head[1] ?? '');
  if (head === null || time === undefined) return undefined;
  const stream = head[2] === 'stderr' ? 'stderr' : 'stdout';
  return { time, stream, isEnd: head[3] === 'F', text: bytes.subarray(head[0].length).toString('utf8') };
}

/** Where the flag is in records as monitors write them: behind a time of 35 bytes and the name of the stream. */
const flagAt = 43;
const [space, full] = [0x20, 0x46];

/** How many records at the front are each surely a line of its own, and their bytes; of the rest `parseRecord` must tell. */
export function countWholeLines(records: Buffer): { count: number; bytes: number } {
  let count = 0;
  let bytes = 0;
  while (records[bytes + flagAt - 1] === space && records[bytes + flagAt] === full) {
    const end = records.indexOf(newline, bytes + flagAt);
    if (end === -1) break;
    bytes = end + 1;
    count += 1;
  }
  return { count, bytes };
}

/** Any RFC 3339 time with nine digits after the second, in UTC: such texts sort as times do. Undefined when it is none. */
export function utcTime(text: string): string | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [, seconds = '', fraction = '', zone = ''] = match;
  const digits = fraction.padEnd(9, '0');
  if (zone === 'Z' || zone === '+00:00' || zone === '-00:00') return `${seconds}.${digits}Z`;
  const at = new Date(`${seconds}${zone}`);
  return Number.isNaN(at.getTime()) ? undefined : `${at.toISOString().slice(0, 19)}.${digits}Z`;
}
