import { formatQuantity, readQuantity } from './quantity.ts';
import type { FieldSchema } from './schema.ts';

/** A scalar in canonical form, or what is wrong with it. */
export interface DecodedScalar {
  value?: unknown;
  problem?: string;
}

const quantityProblem = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const timePattern = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Years before and after would not have four digits. */
const [startOfTime, endOfTime] = [Date.parse('0000-01-01T00:00:00Z'), Date.parse('9999-12-31T23:59:59.999Z')];

/** Reads a value of any type but object, array and map. */
export function decodeScalar(field: FieldSchema, value: unknown): DecodedScalar {
  switch (field.type) {
    case 'string':
      return typeof value === 'string' ? decodeString(value) : wrongType(value, 'string');
    case 'boolean':
      return typeof value === 'boolean' ? { value } : wrongType(value, 'bool');
    case 'integer':
      return decodeInteger(value, field.format ?? 'int64');
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? { value } : wrongType(value, 'float64');
    case 'int-or-string':
      return typeof value === 'string' ? decodeString(value) : decodeInteger(value, 'int32');
    case 'quantity':
      return decodeQuantity(value);
    case 'time':
    case 'micro-time':
      return decodeTime(value, field.type);
    case 'bytes':
      return decodeBytes(value);
    case 'any':
      return { value: Object.isFrozen(value) ? value : structuredClone(value) };
    case 'object':
    case 'array':
    case 'map':
      return wrongType(value, field.type);
  }
}

function wrongType(value: unknown, wanted: string): DecodedScalar {
  const found = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return { problem: `json: cannot unmarshal ${found} into a value of type ${wanted}` };
}

function decodeString(text: string): DecodedScalar {
  return text.includes('\0') ? { problem: 'NUL characters are not allowed' } : { value: text.toWellFormed() };
}

function decodeInteger(value: unknown, format: string): DecodedScalar {
  if (typeof value !== 'number') return wrongType(value, format);
  const limit = format === 'int32' ? 2 ** 31 : Number.MAX_SAFE_INTEGER;
  if (!Number.isInteger(value) || value >= limit || value < -limit) {
    return { problem: `json: cannot unmarshal number ${value} into a value of type ${format}` };
  }
  return { value: value === 0 ? 0 : value };
}

function decodeQuantity(value: unknown): DecodedScalar {
  if (typeof value !== 'string' && typeof value !== 'number') return wrongType(value, 'quantity');
  const quantity = readQuantity(String(value).trim());
  return quantity ? { value: formatQuantity(quantity) } : { problem: quantityProblem };
}

/** Keeps UTC with whole seconds, or with six digits for a micro-time. */
function decodeTime(value: unknown, type: 'time' | 'micro-time'): DecodedScalar {
  if (typeof value !== 'string') return wrongType(value, 'time');
  const [, clock, fraction = '', zone] = timePattern.exec(value) ?? [];
  const at = Date.parse(`${clock}${zone}`);
  if (clock === undefined || Number.isNaN(at) || !isOnCalendar(clock) || at < startOfTime || at > endOfTime) {
    return {
      problem: `parsing time ${JSON.stringify(value.slice(0, 64))} as "2006-01-02T15:04:05Z07:00": cannot parse`,
    };
  }
  const seconds = new Date(at).toISOString().slice(0, 19);
  return { value: type === 'time' ? `${seconds}Z` : `${seconds}.${fraction.padEnd(6, '0').slice(0, 6)}Z` };
}

/** No 30th of February, no hour 24: what would be read as another moment. */
function isOnCalendar(clock: string): boolean {
  const at = Date.parse(`${clock}Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(clock);
}

function decodeBytes(value: unknown): DecodedScalar {
  if (typeof value !== 'string') return wrongType(value, '[]uint8');
  const text = value.replaceAll(/[\r\n]/g, '');
  return Buffer.from(text, 'base64').toString('base64') === text ? { value: text } : { problem: 'illegal base64 data' };
}
