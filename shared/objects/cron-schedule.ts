/**
 * When a CronJob runs: five fields or a macro, in the grammar that Kubernetes' own parser takes. Every field is the set
 * of values at which it fires.
 */
export interface CronSchedule {
  minutes: ReadonlySet<number>;
  hours: ReadonlySet<number>;
  daysOfMonth: ReadonlySet<number>;
  months: ReadonlySet<number>;
  /** Sunday is 0. */
  daysOfWeek: ReadonlySet<number>;
  /** Whether a day must fit both day fields: one of them names no days. Otherwise one of the two is enough. */
  isEitherDayAny: boolean;
}

/** A fixed rhythm: `@every 1h30m`. */
export interface CronInterval {
  everyMs: number;
}

/** What a text means, or what is wrong with it. */
export type CronResult = { schedule: CronSchedule | CronInterval; problem?: undefined } | { problem: string };

interface Field {
  min: number;
  max: number;
  names?: readonly string[];
}

const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const fields: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: monthNames },
  { min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
];

const macros: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
/** Longer texts only cost time. */
const maxLength = 1024;

/** Reads a schedule; never throws. */
export function readCronSchedule(text: string): CronResult {
  if (text.length > maxLength) return { problem: `must be no more than ${maxLength} characters` };
  if (text.startsWith('@every ')) return readInterval(text.slice('@every '.length));
  const line = text.startsWith('@') ? macros[text] : text;
  if (line === undefined) return { problem: `unrecognized descriptor: ${text}` };
  const parts = line.trim() === '' ? [] : line.trim().split(/\s+/);
  if (parts.length !== fields.length) {
    return { problem: `expected exactly ${fields.length} fields, found ${parts.length}: [${parts.join(' ')}]` };
  }
  const read = parts.map((part, index) => readField(part, fields[index] ?? { min: 0, max: 0 }));
  const problem = read.find((each) => typeof each === 'string');
  if (typeof problem === 'string') return { problem };
  const [minutes, hours, daysOfMonth, months, daysOfWeek] = read as [
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
    Set<number>,
  ];
  const isEitherDayAny = isAny(parts[2]) || isAny(parts[4]);
  return { schedule: { minutes, hours, daysOfMonth, months, daysOfWeek, isEitherDayAny } };
}

/** `*`, `?` and their steps. */
function isAny(part = ''): boolean {
  return part.split(',').some((each) => each.startsWith('*') || each.startsWith('?'));
}

function readInterval(text: string): CronResult {
  const parts = [...text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)/g)];
  const isWhole = parts.length > 0 && parts.map(([part]) => part).join('') === text;
  if (!isWhole) return { problem: `failed to parse duration @every ${text}: time: invalid duration "${text}"` };
  const everyMs = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0);
  return { schedule: { everyMs: Math.max(1000, Math.floor(everyMs / 1000) * 1000) } };
}

/** The values of `1-5/2,MON`, or what is wrong with it. */
function readField(text: string, field: Field): Set<number> | string {
  const values = new Set<number>();
  for (const part of text.split(',')) {
    const problem = addRange(part, field, values);
    if (problem !== undefined) return problem;
  }
  return values;
}

function addRange(text: string, field: Field, values: Set<number>): string | undefined {
  const [range = '', step, ...moreSteps] = text.split('/');
  const [low = '', high, ...moreEnds] = range.split('-');
  if (moreSteps.length > 0) return `too many slashes: ${text}`;
  if (moreEnds.length > 0) return `too many hyphens: ${text}`;
  const isWild = low === '*' || low === '?';
  const start = isWild ? field.min : readValue(low, field);
  const openEnd = isWild || step !== undefined ? field.max : start;
  const end = high === undefined || isWild ? openEnd : readValue(high, field);
  const by = step === undefined ? 1 : readValue(step, { min: 0, max: 0 });
  if (start === undefined || end === undefined || by === undefined) {
    const wrong = start === undefined ? low : end === undefined ? high : step;
    return `failed to parse int from ${wrong}: strconv.Atoi: parsing ${JSON.stringify(wrong)}: invalid syntax`;
  }
  if (start < field.min) return `beginning of range (${start}) below minimum (${field.min}): ${text}`;
  if (end > field.max) return `end of range (${end}) above maximum (${field.max}): ${text}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${text}`;
  if (by === 0) return `step of range should be a positive number: ${text}`;
  for (let value = start; value <= end; value += by) values.add(value);
  return undefined;
}

function readValue(text: string, { min, names = [] }: Field): number | undefined {
  const index = names.indexOf(text.toLowerCase());
  if (index !== -1) return index + min;
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}
