/**
 * Messages as kubectl and Go clients send them, put together from field numbers alone, without anything of the decoder.
 */
export type Value = string | number | bigint | Uint8Array | Message;

/** Fields by their numbers; one that is there several times has an array. */
export interface Message {
  readonly [number: number]: Value | readonly Value[];
}

export function encode(message: Message): Buffer {
  const fields = Object.entries(message).flatMap(([number, values]) =>
    (Array.isArray(values) ? (values as Value[]) : [values as Value]).map((value) =>
      encodeField(Number(number), value),
    ),
  );
  return Buffer.concat(fields);
}

/** A body: the prefix, then kind, version and the encoded object. */
export function envelope(apiVersion: string, kind: string, raw: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('k8s\0'), encode({ 1: { 1: apiVersion, 2: kind }, 2: raw, 3: '', 4: '' })]);
}

function encodeField(number: number, value: Value): Buffer {
  if (typeof value === 'number' || typeof value === 'bigint') return Buffer.concat([varint(number * 8), varint(value)]);
  const bytes = typeof value === 'string' ? Buffer.from(value) : value instanceof Uint8Array ? value : encode(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
