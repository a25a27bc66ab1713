import { LayerError, writeData } from './tar-header.ts';

/** Extended header records, values as latin1 strings (one character a byte). */
export type PaxRecords = ReadonlyMap<string, string>;

/** Reads `length key=value\n` records; throws LayerError when they are damaged. */
export function parsePax(body: Buffer): Map<string, string> {
  const records = new Map<string, string>();
  let at = 0;
  while (at < body.length && body[at] !== 0) {
    const space = body.indexOf(0x20, at);
    const digits = body.toString('latin1', at, Math.max(at, Math.min(space, at + 12)));
    const end = at + Number(digits);
    const equals = body.indexOf(0x3d, space);
    const isWhole = /^[1-9][0-9]*$/.test(digits) && end <= body.length && body[end - 1] === 0x0a;
    if (!isWhole || equals < 0 || equals >= end) throw new LayerError('an extended tar header is damaged');
    records.set(body.toString('latin1', space + 1, equals), body.toString('latin1', equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** The extended header entry that holds `records`; nothing for none. */
export function writePax(records: PaxRecords): Buffer[] {
  if (records.size === 0) return [];
  const body = [...records].map(([key, value]) => record(key, value)).join('');
  return writeData('x', 'pax_header', Buffer.from(body, 'latin1'));
}

function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}
