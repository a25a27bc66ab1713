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

const form = /^(\S+) (stdout|stderr) ([FP])(?::\S*)? ?/;

/** Reads `<time> stdout|stderr F|P <text>`; undefined for anything else. */
export function parseRecord(bytes: Buffer): LogRecord | undefined {
  const head = form.exec(bytes.subarray(0, 64).toString('latin1'));
  const time = head === null ? undefined : utcTime(head[1] ?? '');
  if (head === null || time === undefined) return undefined;
  const stream = head[2] === 'stderr' ? 'stderr' : 'stdout';
  return { time, stream, isEnd: head[3] === 'F', text: bytes.subarray(head[0].length).toString('utf8') };
}

const wholeLine = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) std(?:out|err) F(?: |$)/;
const wholeLineBytes = 45;

/** The record at `start` is surely a line of its own: false where only `parseRecord` can tell. */
export function isWholeLine(bytes: Buffer, start: number): boolean {
  return wholeLine.test(bytes.toString('latin1', start, start + wholeLineBytes));
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
