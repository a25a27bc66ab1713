import { ApiError } from '../../../shared/errors.ts';
import { checkDepth, isEqual, isObject, own, put } from './json.ts';
import type { Json, JsonObject } from './json.ts';

const maxOperations = 10_000;
/** Of all copied values as JSON: repeated copies of a copy grow without bound otherwise. */
const maxCopiedBytes = 3 * 1024 * 1024;

/** Of all elements that make room in lists or close a gap: each costs a move. */
const maxShifted = 50_000_000;

/** RFC 6902. All operations or none; `document` and `body` stay as they are. */
export function jsonPatch(document: Json, body: unknown): Json {
  const operations = readOperations(body);
  const root: Root = { document: structuredClone(document), shifted: 0 };
  let copiedBytes = 0;
  for (const operation of operations) {
    if (operation.op === 'copy') {
      const copied = read(root, operation.from);
      checkDepth(copied);
      copiedBytes += JSON.stringify(copied).length;
      if (copiedBytes > maxCopiedBytes) throw tooLarge(`copies make more than ${maxCopiedBytes} bytes`);
    }
    apply(root, operation);
  }
  // Moves can put a value into itself again and again.
  checkDepth(root.document);
  return root.document;
}

type Path = readonly string[];

type Operation =
  | { op: 'add' | 'replace' | 'test'; path: Path; value: Json }
  | { op: 'remove'; path: Path }
  | { op: 'move' | 'copy'; path: Path; from: Path };

/** The document in a box, so that the root too has a place to be replaced in. */
interface Root {
  document: Json;
  /** Elements of lists that had to move so far. */
  shifted: number;
}

function readOperations(body: unknown): Operation[] {
  if (!Array.isArray(body)) throw badPatch('a JSON patch is a list of operations');
  if (body.length > maxOperations) {
    throw tooLarge(`the allowed maximum operations in a JSON patch is ${maxOperations}, got ${body.length}`);
  }
  return body.map((operation: unknown) => readOperation(operation));
}

function readOperation(value: unknown): Operation {
  if (!isObject(value)) throw badPatch('an operation of a JSON patch is an object');
  const op = own(value, 'op');
  const path = readPointer(value, 'path');
  if (op === 'remove') return { op, path };
  if (op === 'move' || op === 'copy') return { op, path, from: readPointer(value, 'from') };
  if (op !== 'add' && op !== 'replace' && op !== 'test') {
    throw badPatch(`unknown JSON patch operation ${JSON.stringify(op)}`);
  }
  const given = own(value, 'value');
  if (given === undefined) throw badPatch(`operation ${op} needs a value`);
  return { op, path, value: given };
}

/** RFC 6901. */
function readPointer(operation: JsonObject, field: 'path' | 'from'): Path {
  const text = own(operation, field);
  if (typeof text !== 'string') throw badPatch(`an operation of a JSON patch needs a ${field}`);
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text)) throw badPatch(`${field} ${text} is not a JSON pointer`);
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function apply(root: Root, operation: Operation): void {
  const { path } = operation;
  switch (operation.op) {
    case 'add':
      return add(root, path, structuredClone(operation.value));
    case 'replace':
      read(root, path);
      return replace(root, path, structuredClone(operation.value));
    case 'remove':
      return remove(root, path);
    case 'copy':
      return add(root, path, structuredClone(read(root, operation.from)));
    case 'move':
      return move(root, operation.from, path);
    case 'test':
      if (!isEqual(read(root, path), operation.value)) throw unmet(`testing value ${show(path)} failed`);
  }
}

function read(root: Root, path: Path): Json {
  let at = root.document;
  for (const [depth, token] of path.entries()) {
    const next = Array.isArray(at) ? at[indexIn(at, token, at.length - 1)] : isObject(at) ? own(at, token) : undefined;
    if (next === undefined) throw unmet(`${show(path.slice(0, depth + 1))} does not exist`);
    at = next;
  }
  return at;
}

function add(root: Root, path: Path, value: Json): void {
  const [parent, key] = placeOf(root, path);
  if (parent === undefined) root.document = value;
  else if (Array.isArray(parent)) {
    splice(root, parent, key === '-' ? parent.length : indexIn(parent, key, parent.length), 0, value);
  } else put(parent, key, value);
}

function replace(root: Root, path: Path, value: Json): void {
  const [parent, key] = placeOf(root, path);
  if (parent === undefined) root.document = value;
  else if (Array.isArray(parent)) parent[indexIn(parent, key, parent.length - 1)] = value;
  else put(parent, key, value);
}

function remove(root: Root, path: Path): void {
  read(root, path);
  const [parent, key] = placeOf(root, path);
  if (parent === undefined) root.document = null;
  else if (Array.isArray(parent)) splice(root, parent, indexIn(parent, key, parent.length - 1), 1);
  else delete parent[key];
}

function splice(root: Root, list: Json[], at: number, removed: number, ...added: Json[]): void {
  root.shifted += list.length - at;
  if (root.shifted > maxShifted) throw tooLarge(`operations move more than ${maxShifted} elements of lists`);
  list.splice(at, removed, ...added);
}

function move(root: Root, from: Path, to: Path): void {
  const isInside = to.length > from.length && from.every((token, at) => token === to[at]);
  if (isInside) throw unmet(`${show(from)} cannot be moved into itself`);
  const value = read(root, from);
  remove(root, from);
  add(root, to, value);
}

/** Where the value of `path` stands; no parent for the root. */
function placeOf(root: Root, path: Path): [parent: Json[] | JsonObject | undefined, key: string] {
  const key = path.at(-1);
  if (key === undefined) return [undefined, ''];
  const parent = read(root, path.slice(0, -1));
  if (Array.isArray(parent) || isObject(parent)) return [parent, key];
  throw unmet(`${show(path.slice(0, -1))} has no fields`);
}

function indexIn(list: readonly Json[], token: string, last: number): number {
  const index = /^(0|[1-9]\d{0,9})$/.test(token) ? Number(token) : -1;
  if (index < 0 || index > last) throw unmet(`${token} is not an index of a list of ${list.length}`);
  return index;
}

function show(path: Path): string {
  return path.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('') || 'the document';
}

function badPatch(message: string): ApiError {
  return new ApiError('BadRequest', message);
}

/** The patch can be read, but not be applied to this object. */
function unmet(message: string): ApiError {
  return new ApiError('Invalid', `the server rejected our request due to an error in our request: ${message}`, {
    causes: [{ reason: 'UnexpectedServerResponse', message }],
  });
}

function tooLarge(message: string): ApiError {
  return new ApiError('RequestEntityTooLarge', message);
}
