import { ApiError, messageOf } from '../errors.ts';
import { countKeys, findDuplicateKeys } from './duplicate-keys.ts';
import { parseYaml, type ParsedValue } from './parse-yaml.ts';
import { decodeProtobuf } from './protobuf.ts';

/**
 * A body as plain JSON values, and what a strict reader would not forgive: `duplicate field "spec.replicas"`, or of
 * YAML `line 4: key "replicas" already set in map`.
 */
export interface ParsedBody {
  /** undefined for an empty body. */
  value: unknown;
  problems: readonly string[];
}

/** Largest request body. */
export const maxBodyBytes = 3 * 1024 * 1024;
/** Deepest nesting of objects and lists. */
export const maxDepth = 64;
/**
 * Most values in one body: lists of empty objects take little room in a body and much in memory, and each key of a map
 * costs some 30 µs of the one thread until it is stored with its owner.
 */
const maxValues = 50_000;

const accepted = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';

type Format = 'json' | 'yaml' | 'protobuf';

/** The format of a media type; parameters count for nothing, and no type means JSON. */
function formatOf(contentType: string | undefined): Format {
  const mediaType = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (mediaType === '' || mediaType === 'application/json') return 'json';
  if (mediaType === 'application/yaml') return 'yaml';
  if (mediaType === 'application/vnd.kubernetes.protobuf') return 'protobuf';
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
  throw new ApiError('UnsupportedMediaType', message);
}

/**
 * Reads a request body. Throws RequestEntityTooLarge, UnsupportedMediaType or BadRequest; whatever the bytes are, the
 * result is plain JSON of bounded depth without `__proto__` keys and NUL characters. `expectedKind` is for messages.
 */
export function parseBody(bytes: Uint8Array, contentType: string | undefined, expectedKind?: string): ParsedBody {
  if (bytes.length > maxBodyBytes) {
    throw new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${maxBodyBytes}`);
  }
  const format = formatOf(contentType);
  if (bytes.length === 0) return { value: undefined, problems: [] };
  return format === 'protobuf' ? plain(decodeProtobuf(bytes)) : parseText(decodeText(bytes), format, expectedKind);
}

function parseText(text: string, format: Format, expectedKind: string | undefined): ParsedBody {
  const isJson = format === 'json' || text.trimStart().startsWith('{');
  return isJson ? parseJson(text, expectedKind) : plain(parseYaml(text));
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ApiError('BadRequest', 'the body of the request is not valid UTF-8', {}, { cause });
  }
}

function parseJson(text: string, expectedKind = 'object'): ParsedValue {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    const start = JSON.stringify(text.slice(0, 60));
    const message = `the object provided is unrecognized (must be of type ${expectedKind}): couldn't get version/kind; json parse error: ${messageOf(cause)} (${start})`;
    throw new ApiError('BadRequest', message, {}, { cause });
  }
  const plain = new PlainCheck();
  plain.check(value, 0); // before what costs more
  const duplicates = countKeys(text) === plain.keys ? [] : findDuplicateKeys(text);
  return { value, problems: duplicates.map((path) => `duplicate field ${JSON.stringify(path)}`) };
}

function plain<T extends { value: unknown }>(parsed: T): T {
  new PlainCheck().check(parsed.value, 0);
  return parsed;
}

/** Refuses what no stored object may hold. A value that contains itself is refused as too deep. */
class PlainCheck {
  /** Of all objects. */
  keys = 0;
  #values = 0;

  check(value: unknown, depth: number): void {
    this.#values += 1;
    if (this.#values > maxValues) throw refuse(`more than ${maxValues} values`);
    if (typeof value === 'string') checkText(value);
    if (typeof value === 'number' && !Number.isFinite(value)) throw refuse('a number is out of range');
    if (typeof value !== 'object' || value === null) return;
    if (depth >= maxDepth) throw refuse(`nested deeper than ${maxDepth} levels`);
    if (Array.isArray(value)) for (const item of value) this.check(item, depth + 1);
    else this.#checkObject(value, depth);
  }

  #checkObject(value: object, depth: number): void {
    if (Object.getPrototypeOf(value) !== Object.prototype) throw refuse('only plain values are allowed');
    for (const key of Object.keys(value)) {
      if (key === '__proto__') throw refuse('"__proto__" is not allowed as a key');
      checkText(key);
      this.keys += 1;
      this.check((value as Record<string, unknown>)[key], depth + 1);
    }
  }
}

function checkText(text: string): void {
  if (text.includes('\0')) throw refuse('NUL characters are not allowed');
}

function refuse(problem: string): ApiError {
  return new ApiError('BadRequest', `the body of the request cannot be read: ${problem}`);
}
