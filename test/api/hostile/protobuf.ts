import { maps, type, type Row } from './row.ts';

const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const field = (number: number, wire: number): number => (number << 3) | wire;
const bytes = (number: number, content: Uint8Array | string): Buffer => {
  const payload = Buffer.from(content as Uint8Array);
  return Buffer.concat([Buffer.from([field(number, 2), ...varint(payload.length)]), payload]);
};

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

const typeMeta = (apiVersion: string, kind: string): Buffer =>
  bytes(1, Buffer.concat([bytes(1, apiVersion), bytes(2, kind)]));
const envelope = (raw: Uint8Array, apiVersion = 'v1', kind = 'ConfigMap'): Buffer =>
  Buffer.concat([magic, typeMeta(apiVersion, kind), bytes(2, raw)]);
const named = bytes(1, bytes(1, 'x'));
const nested = (depth: number): Buffer => (depth === 0 ? Buffer.alloc(0) : bytes(1, nested(depth - 1)));

const row = (name: string, body: Uint8Array): Row => [
  `protobuf: ${name}`,
  'POST',
  maps,
  { body, ...type('application/vnd.kubernetes.protobuf') },
];

/** Protobuf bodies that must be refused (contract, Appendix A: envelope and wire rules). */
export const refusedProtobuf: Row[] = [
  row('only the magic', magic),
  row('half the magic', magic.subarray(0, 2)),
  row('another magic', Buffer.from([0x6b, 0x38, 0x73, 0x01, 0x0a])),
  row('an envelope without a type', Buffer.concat([magic, bytes(2, named)])),
  row('an envelope without an object', Buffer.concat([magic, typeMeta('v1', 'ConfigMap')])),
  row('another kind', envelope(named, 'v1', 'Secret')),
  row('a kind that is unknown', envelope(named, 'v1', 'Poem')),
  row('another version', envelope(named, 'v7')),
  row(
    'a type that is not UTF-8',
    Buffer.concat([magic, bytes(1, bytes(1, Buffer.from([0xff, 0xfe]))), bytes(2, named)]),
  ),
  row('a length beyond the end', Buffer.concat([magic, Buffer.from([0x12, 0x7f, 0x0a])])),
  row(
    'a length of 2^63',
    Buffer.concat([magic, Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f])]),
  ),
  row('a varint without an end', Buffer.concat([magic, Buffer.from(Array(64).fill(0xff))])),
  row('field number 0', envelope(Buffer.from([0x02, 0x01, 0x61]))),
  row('a group', envelope(Buffer.from([field(1, 3), field(1, 4)]))),
  row('wire type 7', envelope(Buffer.from([field(1, 7)]))),
  row('metadata as a number', envelope(Buffer.from([field(1, 0), 1]))),
  row('a name as a number', envelope(bytes(1, Buffer.from([field(1, 0), 1])))),
  row('a name that is not UTF-8', envelope(bytes(1, bytes(1, Buffer.from([0x61, 0xff]))))),
  row('a name with NUL', envelope(bytes(1, bytes(1, 'a\0b')))),
  row('a name that is none', envelope(bytes(1, bytes(1, '../x')))),
  row('no name', envelope(Buffer.alloc(0))),
  row('a map entry cut off', envelope(Buffer.concat([named, Buffer.from([field(2, 2), 4, 0x0a, 0x09])]))),
  row('a time cut off', envelope(bytes(1, Buffer.concat([bytes(1, 'x'), bytes(8, Buffer.from([0x08]))])))),
  row(
    '100,001 fields that nobody knows',
    envelope(Buffer.concat([named, Buffer.alloc(200_000, Buffer.from([0x78, 1]))])),
  ),
  row('nesting', envelope(nested(2000))),
  row('compressed content', Buffer.concat([envelope(named), bytes(3, 'gzip')])),
  row('bytes behind the object', Buffer.concat([envelope(named), Buffer.from([0xff])])),
];
