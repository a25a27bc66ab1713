import { BackwardWriter } from './protobuf-backward-writer.ts';
import type { Json } from './openapi-schemas.ts';

/** Writes a value of JSON: the content of a field, or fields with their numbers, which are the content of a message. */
export type Encoder = (out: BackwardWriter, value: never) => void;

/** Encoders of fields by their names in JSON. */
export type Fields = Readonly<Record<string, Encoder>>;

/** The bytes of a value. */
export function encodeWith(encode: Encoder, value: unknown): Uint8Array {
  const out = new BackwardWriter();
  encode(out, value as never);
  return out.bytes();
}

export const text: Encoder = (out, value: string) => out.text(value);

/** A field of text or a message. */
export function one(number: number, encode: Encoder): Encoder {
  return (out, value) => {
    const after = out.length;
    encode(out, value);
    // Wire type 2: the length stands before the content.
    out.varint(out.length - after);
    out.varint(number * 8 + 2);
  };
}

/** A field for each element of a list. */
export function each(number: number, encode: Encoder): Encoder {
  const element = one(number, encode);
  return (out, values: readonly never[]) => {
    for (const value of values.toReversed()) element(out, value);
  };
}

/** A field that is true; proto3 leaves out what is false. */
export function flag(number: number): Encoder {
  return (out, value: boolean) => {
    if (!value) return;
    out.varint(1);
    out.varint(number * 8);
  };
}

/** A map as a field for each entry: a message with a name (1) and a value (2). */
export function named(number: number, encode: Encoder): Encoder {
  const name = one(1, text);
  const value = one(2, encode);
  const entry = one(number, (out, [key, content]: readonly [never, never]) => {
    value(out, content);
    name(out, key);
  });
  return (out, values: Json) => {
    for (const pair of Object.entries(values).toReversed()) entry(out, pair as never);
  };
}

/**
 * A field for each that an object has, in its order; `rest` finds the encoder of a name that is not among them. Throws
 * on names that have none, so that nothing is lost unseen.
 */
export function message(fields: Fields, rest?: (name: string) => Encoder | undefined): Encoder {
  return (out, value: Json) => {
    for (const [name, content] of Object.entries(value).toReversed()) {
      const field = Object.hasOwn(fields, name) ? fields[name] : rest?.(name);
      if (field === undefined) throw new Error(`${name} has no number in protobuf`);
      field(out, content as never);
    }
  };
}
