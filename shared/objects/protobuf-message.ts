import type { Json } from './openapi-schemas.ts';

/** A value of JSON as the content of a protobuf field. */
export type Encoder = (value: never) => Uint8Array;

/** A value of JSON as fields with their numbers. */
export type Field = (value: never) => Uint8Array[];

/** Fields by their names in JSON. */
export type Fields = Readonly<Record<string, Field>>;

export const text: Encoder = (value: string) => Buffer.from(value);

/** A field of text, bytes or a message. */
export function one(number: number, encode: Encoder): Field {
  return (value) => delimited(number, encode(value));
}

/** The same for each element of a list. */
export function each(number: number, encode: Encoder): Field {
  return (values: readonly never[]) => values.flatMap((value) => delimited(number, encode(value)));
}

/** A truth value: proto3 leaves out what is false. */
export function flag(number: number): Field {
  return (value: boolean) => (value ? [varint(number * 8), varint(1)] : []);
}

/** A map as a list of messages with a name (1) and a value (2). */
export function named(number: number, encode: Encoder): Field {
  return (values: Json) =>
    Object.entries(values).flatMap(([name, value]) => delimited(number, pair(name, value, encode)));
}

/** A message with nothing but this field. */
export function wrap(field: Field): Encoder {
  return (value) => Buffer.concat(field(value));
}

/**
 * A message with the fields that an object has; `rest` takes a name that is not among them, and its value. Throws on
 * names that nobody takes, so that nothing is lost unseen.
 */
export function message(fields: Fields, rest?: (name: string) => Field | undefined): Encoder {
  return (value: Json) => {
    const parts = Object.entries(value).flatMap(([name, content]) => {
      const field = Object.hasOwn(fields, name) ? fields[name] : rest?.(name);
      if (field === undefined) throw new Error(`${name} has no number in protobuf`);
      return field(content as never);
    });
    return Buffer.concat(parts);
  };
}

function pair(name: string, value: unknown, encode: Encoder): Uint8Array {
  return Buffer.concat([...delimited(1, Buffer.from(name)), ...delimited(2, encode(value as never))]);
}

/** Wire type 2: the length stands before the content. */
function delimited(number: number, content: Uint8Array): Uint8Array[] {
  return [varint(number * 8 + 2), varint(content.length), content];
}

/** Seven bits a byte, the lowest first; all but the last byte have the eighth. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
  return Uint8Array.of(...bytes, value);
}
