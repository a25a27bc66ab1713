import { archiveEnd, newHeader, paddedBytes, writeData } from '../../../agent/images/tar-header.ts';
import { writePax } from '../../../agent/images/pax.ts';

export interface TarItem {
  name: string;
  type?: string;
  content?: string | Buffer;
  link?: string;
  mode?: number;
  /** Extended records. */
  pax?: Record<string, string>;
  /** Size in the header when it is to lie. */
  size?: number;
  /** Bytes to change in the header, by place; the checksum is made anew. */
  patch?: Record<number, Buffer>;
}

/** A tar as a program would write it that trusts nobody to check it. */
export function makeTar(items: readonly TarItem[], end: Buffer = archiveEnd): Buffer {
  return Buffer.concat([...items.flatMap(makeItem), end]);
}

function makeItem(item: TarItem): Buffer[] {
  const { name, link = '', type = '0', pax = {} } = item;
  const content = Buffer.from(item.content ?? '');
  const size = item.size ?? content.length;
  const header = newHeader({ name, link, type, mode: item.mode ?? (type === '5' ? 0o755 : 0o644), size });
  for (const [at, bytes] of Object.entries(item.patch ?? {})) bytes.copy(header, Number(at));
  if (item.patch !== undefined) seal(header);
  const long = [
    ...(name.length > 100 ? writeData('L', '././@LongLink', Buffer.from(`${name}\0`, 'latin1')) : []),
    ...(link.length > 100 ? writeData('K', '././@LongLink', Buffer.from(`${link}\0`, 'latin1')) : []),
  ];
  const padding = Buffer.alloc(paddedBytes(content.length) - content.length);
  return [...writePax(new Map(Object.entries(pax))), ...long, header, content, padding];
}

function seal(header: Buffer): void {
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
