import { ApiError } from '../errors.ts';

/** `3` is 3; `"25%"` is a quarter of `total`, rounded as told. Throws BadRequest for anything else. */
export function scaleIntOrPercent(value: number | string, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const percent = readPercent(value);
  if (percent === undefined) {
    throw new ApiError('BadRequest', `invalid value for IntOrString: ${JSON.stringify(value)} is not a percentage`);
  }
  const exact = percent * total;
  return round === 'up' ? Math.ceil(exact / 100) : Math.floor(exact / 100);
}

/** 25 for `25%`; undefined when `text` is no percentage. */
export function readPercent(text: string): number | undefined {
  const match = /^([0-9]{1,9})%$/.exec(text);
  return match ? Number(match[1]) : undefined;
}
