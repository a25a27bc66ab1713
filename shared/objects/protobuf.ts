import { ApiError } from '../errors.ts';
import { fieldNumbers, type NumberedField } from './protobuf-numbers.ts';
import { malformed, readText, WireReader, type WireType } from './protobuf-wire.ts';
import { bodyType, findType, knownType, shortNameOf, typeNameOf } from './schema-table.ts';
import type { FieldSchema, TypeSchema } from './schema.ts';

/** A body as the JSON that the same client would send otherwise, and what could not be understood. */
export interface DecodedProtobuf {
  value: Record<string, unknown>;
  problems: readonly string[];
}

type Fields = TypeSchema['fields'];
type Values = Record<string, unknown>;

/** "k8s" and a zero byte. */
const magic = Buffer.from([0x6b, 0x38, 0x73, 0x00]);
const maxDepth = 64;
/** Most fields of all messages: two bytes are an empty one, and senders write zeros too, so more than JSON may have values. */
const maxFields = 100_000;

/** Reads a body of type application/vnd.kubernetes.protobuf. Throws BadRequest. */
export function decodeProtobuf(body: Uint8Array): DecodedProtobuf {
  if (!magic.equals(body.subarray(0, 4))) throw malformed('it does not start with the prefix of Kubernetes objects');
  const { apiVersion, kind, raw } = readEnvelope(body.subarray(4));
  const type = findRootType(apiVersion, kind);
  if (!type) throw new ApiError('BadRequest', `no kind "${kind}" is registered for version "${apiVersion}"`);
  const decoder = new Decoder();
  const value: Values = { apiVersion, kind };
  decoder.message(raw, shortNameOf(type.name), type.fields, value, '', 0);
  if (isEmpty(value.status)) delete value.status;
  return { value, problems: decoder.problems };
}

function readEnvelope(bytes: Uint8Array): { apiVersion: string; kind: string; raw: Uint8Array } {
  const envelope = readChunks(bytes);
  const typeMeta = readChunks(envelope.get(1) ?? new Uint8Array());
  if ((envelope.get(3)?.length ?? 0) > 0) throw malformed('encoded content is not supported');
  return {
    apiVersion: readText(typeMeta.get(1) ?? new Uint8Array()),
    kind: readText(typeMeta.get(2) ?? new Uint8Array()),
    raw: envelope.get(2) ?? new Uint8Array(),
  };
}

/** The length-delimited fields of a message; the last of each number counts. */
function readChunks(bytes: Uint8Array): Map<number, Uint8Array> {
  const chunks = new Map<number, Uint8Array>();
  const reader = new WireReader(bytes);
  while (!reader.isAtEnd()) {
    const { number, wire } = reader.tag();
    if (wire === 'bytes') chunks.set(number, reader.bytes());
    else reader.skip(wire);
  }
  return chunks;
}

function findRootType(apiVersion: string, kind: string): TypeSchema | undefined {
  if (kind === 'DeleteOptions') return bodyType(kind);
  const [, group = '', version = ''] = /^(?:([^/]+)\/)?([^/]+)$/.exec(apiVersion) ?? [];
  const type = findType(typeNameOf({ group, version, kind }));
  return type?.fields.metadata ? type : undefined;
}

/** Reads messages into JSON values, one object of any depth at a time. */
class Decoder {
  readonly problems: string[] = [];
  #fields = 0;

  message(bytes: Uint8Array, row: string, fields: Fields, into: Values, path: string, depth: number): void {
    if (depth > maxDepth) throw malformed(`nested deeper than ${maxDepth} levels`);
    const numbers = fieldNumbers(row);
    const reader = new WireReader(bytes);
    while (!reader.isAtEnd()) {
      const { number, wire } = reader.tag();
      this.#fields += 1;
      if (this.#fields > maxFields) throw malformed(`more than ${maxFields} fields`);
      const field = numbers?.get(number);
      const schema = field && Object.hasOwn(fields, field.name) ? fields[field.name] : undefined;
      if (field?.embedded !== undefined && wire === 'bytes') {
        this.message(reader.bytes(), field.embedded, fields, into, path, depth + 1);
      } else if (field && schema) {
        this.#field(reader, wire, field, schema, into, path, depth);
      } else {
        reader.skip(wire);
        this.problems.push(`unknown field "${path === '' ? '' : `${path}.`}${number}"`);
      }
    }
  }

  #field(
    reader: WireReader,
    wire: WireType,
    { name, isPointer }: NumberedField,
    schema: FieldSchema,
    into: Values,
    path: string,
    depth: number,
  ): void {
    const here = path === '' ? name : `${path}.${name}`;
    if (schema.type === 'array') {
      const list = (into[name] ??= []) as unknown[];
      const more = this.#elements(reader, wire, schema.items ?? { type: 'any' }, `${here}[${list.length}]`, depth);
      for (const item of more) list.push(item);
    } else if (schema.type === 'map') {
      this.#entry(reader, wire, schema.items ?? { type: 'any' }, (into[name] ??= {}) as Values, here, depth);
    } else {
      const value = this.#value(reader, wire, schema, here, depth);
      if (value === undefined) return;
      if (isPointer || !isZero(value)) into[name] = value;
    }
  }

  /** One element, or several numbers packed together. */
  #elements(reader: WireReader, wire: WireType, items: FieldSchema, path: string, depth: number): unknown[] {
    if (items.type !== 'integer' || wire !== 'bytes') return [this.#value(reader, wire, items, path, depth) ?? null];
    const packed = new WireReader(reader.bytes());
    const numbers: unknown[] = [];
    while (!packed.isAtEnd()) numbers.push(this.#value(packed, 'varint', items, path, depth));
    return numbers;
  }

  #entry(reader: WireReader, wire: WireType, items: FieldSchema, into: Values, path: string, depth: number): void {
    expectWire(wire, 'bytes');
    const entry = new WireReader(reader.bytes());
    let key = '';
    let value: unknown = items.type === 'string' || items.type === 'bytes' ? '' : undefined;
    while (!entry.isAtEnd()) {
      const tag = entry.tag();
      if (tag.number === 1 && tag.wire === 'bytes') key = readText(entry.bytes());
      else if (tag.number === 2) value = this.#value(entry, tag.wire, items, `${path}[${key}]`, depth);
      else entry.skip(tag.wire);
    }
    if (key === '__proto__') throw malformed('"__proto__" is not allowed as a key');
    if (value !== undefined) into[key] = value;
  }

  #value(reader: WireReader, wire: WireType, schema: FieldSchema, path: string, depth: number): unknown {
    if (schema.type === 'integer' || schema.type === 'boolean') {
      expectWire(wire, 'varint');
      const number = Number(BigInt.asIntN(64, reader.varint()));
      return schema.type === 'boolean' ? number !== 0 : number;
    }
    if (schema.type === 'number') {
      expectWire(wire, 'fixed64');
      return reader.double();
    }
    expectWire(wire, 'bytes');
    return this.#chunk(reader.bytes(), schema, path, depth);
  }

  /** A list that is the value of a map comes as a message whose only field it is. */
  #wrappedList(bytes: Uint8Array, items: FieldSchema, path: string, depth: number): unknown[] {
    const reader = new WireReader(bytes);
    const list: unknown[] = [];
    while (!reader.isAtEnd()) {
      const { number, wire } = reader.tag();
      if (number === 1) list.push(this.#value(reader, wire, items, `${path}[${list.length}]`, depth + 1));
      else reader.skip(wire);
    }
    return list;
  }

  #chunk(bytes: Uint8Array, schema: FieldSchema, path: string, depth: number): unknown {
    switch (schema.type) {
      case 'string':
        return readText(bytes);
      case 'bytes':
        return Buffer.from(bytes).toString('base64');
      case 'quantity':
        return readText(readChunks(bytes).get(1) ?? new Uint8Array());
      case 'time':
      case 'micro-time':
        return readTime(bytes);
      case 'int-or-string':
        return readIntOrString(bytes);
      case 'any':
        return readRaw(readChunks(bytes).get(1));
      case 'object': {
        const type = knownType(schema.ref ?? '');
        const value: Values = {};
        this.message(bytes, shortNameOf(type.name), type.fields, value, path, depth + 1);
        return value;
      }
      case 'array':
        return this.#wrappedList(bytes, schema.items ?? { type: 'any' }, path, depth);
      case 'integer':
      case 'number':
      case 'boolean':
      case 'map':
        throw malformed(`field ${path} has an unexpected form`);
    }
  }
}

function expectWire(found: WireType, wanted: WireType): void {
  if (found !== wanted) throw malformed(`wire type ${found} where ${wanted} belongs`);
}

/** What a sender writes for a field that is not set. */
function isZero(value: unknown): boolean {
  return value === '' || value === 0 || value === false;
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function readNumbers(bytes: Uint8Array): Map<number, number> {
  const numbers = new Map<number, number>();
  const reader = new WireReader(bytes);
  while (!reader.isAtEnd()) {
    const { number, wire } = reader.tag();
    if (wire === 'varint') numbers.set(number, Number(BigInt.asIntN(64, reader.varint())));
    else reader.skip(wire);
  }
  return numbers;
}

/** A moment; an empty message is one that is not set. */
function readTime(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  const numbers = readNumbers(bytes);
  const micros = Math.floor((numbers.get(2) ?? 0) / 1000);
  const at = new Date((numbers.get(1) ?? 0) * 1000);
  if (Number.isNaN(at.getTime()) || micros < 0 || micros > 999_999) throw malformed('a time is out of range');
  return `${at.toISOString().slice(0, -5)}.${String(micros).padStart(6, '0')}Z`;
}

function readIntOrString(bytes: Uint8Array): number | string {
  const numbers = readNumbers(bytes);
  if (numbers.get(1) === 1) return readText(readChunks(bytes).get(3) ?? new Uint8Array());
  return numbers.get(2) ?? 0;
}

function readRaw(bytes: Uint8Array | undefined): unknown {
  if (!bytes || bytes.length === 0) return undefined;
  try {
    return JSON.parse(readText(bytes));
  } catch (cause) {
    throw malformed('an embedded value is not valid JSON', cause);
  }
}
