import { ApiError } from '../errors.ts';

/** How a quantity was written, and so how it is printed again. */
export type QuantityFormat = 'decimal' | 'binary' | 'exponent';

/** An exact amount: a whole number of billionths, which is the finest step that Kubernetes keeps. */
export interface Quantity {
  readonly nano: bigint;
  readonly format: QuantityFormat;
}

const nanoPerUnit = 1_000_000_000n;
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
/** Larger amounts are cut to this one, as upstream does. */
const largest = (2n ** 63n - 1n) * nanoPerUnit;
/** Nobody writes longer numbers in earnest, and converting very long ones costs quadratic time. */
const maxLength = 128;
const pattern = /^([+-]?)(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$/;

/** Reads `500m`, `1.5Gi`, `1e3`; undefined when `text` is no quantity. */
export function readQuantity(text: string): Quantity | undefined {
  const match = text.length > maxLength ? null : pattern.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = match[4] ?? '', , suffix = ''] = match;
  const digits = BigInt(`${whole}${fraction}`);
  const { numerator, exponent, format } = readSuffix(suffix);
  const size = cut(scale(digits * numerator, exponent - fraction.length + 9));
  const isFraction = format === 'binary' && size > 0n && size < nanoPerUnit;
  return { nano: sign === '-' ? -size : size, format: isFraction ? 'decimal' : format };
}

/** As `readQuantity`; throws BadRequest when `text` is no quantity. */
export function parseQuantity(text: string): Quantity {
  const quantity = readQuantity(text);
  if (!quantity) {
    throw new ApiError('BadRequest', `unable to parse quantity's value: ${JSON.stringify(text.slice(0, 64))}`);
  }
  return quantity;
}

function readSuffix(suffix: string): { numerator: bigint; exponent: number; format: QuantityFormat } {
  const binary = binarySuffixes.indexOf(suffix);
  if (binary > 0) return { numerator: 1024n ** BigInt(binary), exponent: 0, format: 'binary' };
  const decimal = decimalSuffixes.indexOf(suffix);
  if (decimal !== -1) return { numerator: 1n, exponent: (decimal - 3) * 3, format: 'decimal' };
  return { numerator: 1n, exponent: Number(suffix.slice(1)), format: 'exponent' };
}

/** `value` × 10^`exponent`, rounded up; exponents far out are not computed but cut. */
function scale(value: bigint, exponent: number): bigint {
  if (value === 0n) return 0n;
  if (exponent > maxLength) return largest;
  if (exponent < -3 * maxLength) return 1n;
  if (exponent >= 0) return value * 10n ** BigInt(exponent);
  return divideUp(value, 10n ** BigInt(-exponent));
}

function cut(nano: bigint): bigint {
  return nano > largest ? largest : nano;
}

function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return quotient * by < value ? quotient + 1n : quotient;
}

/** The canonical text: no fraction, the largest suffix that loses nothing. */
export function formatQuantity({ nano, format }: Quantity): string {
  if (nano === 0n) return '0';
  const unit = nano < 0n ? -nano : nano;
  const sign = nano < 0n ? '-' : '';
  if (format === 'binary' && unit >= 1024n * nanoPerUnit && unit % nanoPerUnit === 0n) {
    const [value, steps] = shorten(unit / nanoPerUnit, 1024n, binarySuffixes.length - 1);
    return `${sign}${value}${binarySuffixes[steps]}`;
  }
  const [value, steps] = shorten(unit, 1000n, decimalSuffixes.length - 1);
  if (format !== 'exponent') return `${sign}${value}${decimalSuffixes[steps]}`;
  return steps === 3 ? `${sign}${value}` : `${sign}${value}e${(steps - 3) * 3}`;
}

function shorten(value: bigint, base: bigint, most: number): [bigint, number] {
  let steps = 0;
  let rest = value;
  while (steps < most && rest % base === 0n) {
    rest /= base;
    steps += 1;
  }
  return [rest, steps];
}

/** Negative, zero or positive, as for sorting. */
export function compareQuantities(a: Quantity, b: Quantity): number {
  if (a.nano === b.nano) return 0;
  return a.nano < b.nano ? -1 : 1;
}

/** The sum, printed as `a` is, or as `b` when `a` is zero. */
export function addQuantities(a: Quantity, b: Quantity): Quantity {
  return { nano: a.nano + b.nano, format: a.nano === 0n ? b.format : a.format };
}

/** Whole units, rounded up: bytes of a memory quantity. */
export function unitsOf({ nano }: Quantity): number {
  return Number(divideUp(nano, nanoPerUnit));
}

/** Thousandths, rounded up: millicores of a CPU quantity. */
export function milliOf({ nano }: Quantity): number {
  return Number(divideUp(nano, 1_000_000n));
}
