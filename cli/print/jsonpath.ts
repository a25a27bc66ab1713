import { UsageError } from '../usage.ts';

type Step =
  | { do: 'field'; name: string }
  | { do: 'all' }
  | { do: 'deep' }
  | { do: 'slice'; from: number; to: number | undefined }
  | { do: 'index'; at: number }
  | { do: 'filter'; path: Step[]; operator: string | undefined; value: unknown };

/** A path as `.spec.containers[?(@.name=="web")].image`, read. */
export type Path = readonly Step[];

type Part = { text: string } | { path: Path } | { each: Path; parts: Part[] };

const patterns: [RegExp, (...groups: string[]) => Step][] = [
  [/^\.\.(?=[^.])/, () => ({ do: 'deep' })],
  [/^(?:\.\*|\[\*\])/, () => ({ do: 'all' })],
  [/^\['([^']*)'\]/, (name = '') => ({ do: 'field', name })],
  [/^\["([^"]*)"\]/, (name = '') => ({ do: 'field', name })],
  [/^\[(-?\d+)\]/, (at) => ({ do: 'index', at: Number(at) })],
  [/^\[(-?\d*):(-?\d*)\]/, (from, to) => ({ do: 'slice', from: Number(from), to: to ? Number(to) : undefined })],
  [
    /^\[\?\(\s*@(.*?)\s*(?:(==|!=|<=|>=|<|>)\s*("[^"]*"|'[^']*'|[^)\s]+))?\s*\)\]/,
    (path = '', operator, value) => ({ do: 'filter', path: [...parsePath(path)], operator, value: literal(value) }),
  ],
  [/^\.?((?:\\.|[^.[\]{}\s\\])+)/, (name = '') => ({ do: 'field', name: name.replaceAll(/\\(.)/g, '$1') })],
];

/** Reads a path; braces around it and a leading `$` or `.` may be left out. Throws UsageError. */
export function parsePath(text: string): Path {
  let rest = text
    .trim()
    .replace(/^\{(.*)\}$/, '$1')
    .replace(/^\$/, '');
  if (rest === '.' || rest === '@') return [];
  const steps: Step[] = [];
  while (rest !== '') {
    const found = patterns.map(([pattern, make]) => ({ match: pattern.exec(rest), make })).find(({ match }) => match);
    const [whole = '', ...groups] = found?.match ?? [];
    if (found === undefined || whole === '') throw new UsageError(`"${text}" is not a path: cannot read "${rest}"`);
    steps.push(found.make(...groups));
    rest = rest.slice(whole.length);
  }
  return steps;
}

function literal(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  if (/^["']/.test(text)) return text.slice(1, -1);
  if (text === 'true' || text === 'false') return text === 'true';
  return Number.isNaN(Number(text)) ? text : Number(text);
}

/** All values that the path leads to; none where something on the way is absent. */
export function valuesAt(value: unknown, path: Path): unknown[] {
  return path.reduce<unknown[]>((values, step) => values.flatMap((each) => take(each, step)), [value]);
}

function take(value: unknown, step: Step): unknown[] {
  const items: unknown[] = Array.isArray(value) ? value : [];
  switch (step.do) {
    case 'field':
      return isRecord(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : [];
    case 'all':
      return isRecord(value) ? Object.values(value) : items;
    case 'deep':
      return below(value);
    case 'index':
      return items.slice(step.at, step.at === -1 ? undefined : step.at + 1);
    case 'slice':
      return items.slice(step.from, step.to);
    case 'filter':
      return items.filter((item) => passes(item, step));
  }
}

function below(value: unknown): unknown[] {
  const parts = Array.isArray(value) ? (value as unknown[]) : isRecord(value) ? Object.values(value) : [];
  return [value, ...parts.flatMap(below)];
}

function passes(item: unknown, { path, operator, value }: Extract<Step, { do: 'filter' }>): boolean {
  const [found] = valuesAt(item, path);
  if (operator === undefined) return found !== undefined;
  if (operator === '==') return found === value;
  if (operator === '!=') return found !== value;
  const [a, b] = typeof found === 'number' ? [found, Number(value)] : [showValue(found), showValue(value)];
  if (operator === '<') return a < b;
  if (operator === '>') return a > b;
  return operator === '<=' ? a <= b : a >= b;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Text as it is, anything else as JSON. */
export function showValue(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** Fills a template as `{.metadata.name}{"\n"}` or `{range .items[*]}…{end}`. Throws UsageError. */
export function fillTemplate(template: string, value: unknown): string {
  const [parts] = parseParts([...template.matchAll(/\{("(?:\\.|[^"\\])*"|(?:[^{}"]|"[^"]*")*)\}|[^{}]+|[{}]/g)], false);
  return fill(parts, value);
}

function parseParts(pieces: RegExpMatchArray[], isInside: boolean): [Part[], RegExpMatchArray[]] {
  const parts: Part[] = [];
  let rest = pieces;
  for (;;) {
    const [piece, ...next] = rest;
    if (piece === undefined && isInside) throw new UsageError('{range …} without {end}');
    if (piece === undefined) return [parts, []];
    rest = next;
    const inside = piece[1]?.trim();
    if (piece[0] === '{' || piece[0] === '}') throw new UsageError(`a "${piece[0]}" without its other half`);
    if (inside === undefined) parts.push({ text: piece[0] });
    else if (inside === 'end' && isInside) return [parts, rest];
    else if (inside.startsWith('"')) parts.push({ text: unquote(inside) });
    else if (inside.startsWith('range ')) {
      const [nested, after] = parseParts(rest, true);
      parts.push({ each: parsePath(inside.slice('range '.length)), parts: nested });
      rest = after;
    } else parts.push({ path: parsePath(inside) });
  }
}

function unquote(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch (error) {
    throw new UsageError(`${text} is not a text in quotes`, { cause: error });
  }
}

function fill(parts: readonly Part[], value: unknown): string {
  return parts
    .map((part) => {
      if ('text' in part) return part.text;
      const values = valuesAt(value, 'path' in part ? part.path : part.each);
      return 'path' in part ? values.map(showValue).join(' ') : values.map((each) => fill(part.parts, each)).join('');
    })
    .join('');
}
