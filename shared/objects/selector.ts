import { ApiError } from '../errors.ts';
import { labelKeyProblems, labelValueProblems } from './name-problems.ts';
import type { LabelSelector } from './types.ts';

export type Labels = Readonly<Record<string, string>>;

/** One condition on labels; a selector is a list of them that must all hold. */
export interface Requirement {
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist' | 'Gt' | 'Lt';
  values: readonly string[];
}

/** Says whether labels satisfy every requirement; no requirements match everything. */
export function matchesLabels(requirements: readonly Requirement[], labels: Labels | undefined): boolean {
  return requirements.every((requirement) => holds(requirement, labels ?? {}));
}

function holds({ key, operator, values }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return compares(value, values[0], (a, b) => a > b);
    case 'Lt':
      return compares(value, values[0], (a, b) => a < b);
  }
}

function compares(value: string | undefined, bound: string | undefined, order: (a: bigint, b: bigint) => boolean) {
  if (value === undefined || bound === undefined || !isInteger(value) || !isInteger(bound)) return false;
  return order(BigInt(value), BigInt(bound));
}

function isInteger(text: string): boolean {
  return /^-?[0-9]{1,19}$/.test(text);
}

/**
 * The requirements of a selector object as specs carry it. An absent selector selects nothing, which is `undefined`;
 * an empty one selects everything, which is `[]`.
 */
export function requirementsOf(selector: LabelSelector | undefined): readonly Requirement[] | undefined {
  if (!selector) return undefined;
  const equal = Object.entries(selector.matchLabels ?? {}).map(([key, value]): Requirement => ({
    key,
    operator: 'In',
    values: [value],
  }));
  const expressions = (selector.matchExpressions ?? []).map(({ key, operator, values }): Requirement => {
    if (operator !== 'In' && operator !== 'NotIn' && operator !== 'Exists' && operator !== 'DoesNotExist') {
      throw new ApiError('BadRequest', `"${operator}" is not a valid label selector operator`);
    }
    return { key, operator, values: values ?? [] };
  });
  return [...equal, ...expressions];
}

/** By what an object with pods selects them. A ReplicationController has labels alone, and none select nothing. */
export function podSelectorOf({ kind, spec }: { kind: string; spec?: unknown }): LabelSelector | undefined {
  const { selector } = (spec ?? {}) as { selector?: unknown };
  if (kind !== 'ReplicationController') return selector as LabelSelector | undefined;
  const matchLabels = (selector ?? {}) as Record<string, string>;
  return Object.keys(matchLabels).length === 0 ? undefined : { matchLabels };
}

/** Says whether a selector object selects these labels. */
export function selects(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  const requirements = requirementsOf(selector);
  return requirements !== undefined && matchesLabels(requirements, labels);
}

/** Writes requirements as a query parameter; `parseLabelSelector` reads it back. */
export function formatLabelSelector(requirements: readonly Requirement[]): string {
  return requirements.map(formatRequirement).join(',');
}

function formatRequirement({ key, operator, values }: Requirement): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0]}` : `${key} in (${values.join(',')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}!=${values[0]}` : `${key} notin (${values.join(',')})`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case 'Gt':
      return `${key}>${values[0]}`;
    case 'Lt':
      return `${key}<${values[0]}`;
  }
}

/** Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`; throws BadRequest. An empty text selects everything. */
export function parseLabelSelector(text: string): Requirement[] {
  const reader = new TokenReader(text);
  const requirements: Requirement[] = [];
  while (!reader.isAtEnd()) {
    if (!reader.isAtRequirement()) throw refusal(reader.found("!, identifier, or 'end of string'"));
    requirements.push(readRequirement(reader));
    if (reader.isAtEnd()) break;
    if (!reader.accept(',')) throw refusal(reader.found("',' or 'end of string'"));
    if (!reader.isAtRequirement()) throw refusal(reader.found("identifier after ','"));
  }
  return requirements;
}

function readRequirement(reader: TokenReader): Requirement {
  if (reader.accept('!')) return { key: readKey(reader), operator: 'DoesNotExist', values: [] };
  const key = readKey(reader);
  if (reader.isAtEnd() || reader.peek() === ',') return { key, operator: 'Exists', values: [] };
  const sign = reader.next();
  switch (sign) {
    case '=':
    case '==':
      return { key, operator: 'In', values: [readValue(reader, key)] };
    case '!=':
      return { key, operator: 'NotIn', values: [readValue(reader, key)] };
    case 'in':
      return { key, operator: 'In', values: readValues(reader, key) };
    case 'notin':
      return { key, operator: 'NotIn', values: readValues(reader, key) };
    case '>':
    case '<':
      return { key, operator: sign === '>' ? 'Gt' : 'Lt', values: [readBound(reader, key)] };
    default:
      throw unparsable(`found '${sign}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function readKey(reader: TokenReader): string {
  const key = readWord(reader);
  const problems = labelKeyProblems(key);
  if (problems.length > 0) throw unparsable(invalidValue('<nil>', key, problems.join('; ')));
  return key;
}

function readWord(reader: TokenReader): string {
  if (!reader.isAtWord()) throw unparsable(reader.found('identifier'));
  return reader.next();
}

function readValue(reader: TokenReader, key: string): string {
  if (reader.isAtEnd() || reader.peek() === ',') return '';
  return checked(key, [readWord(reader)])[0] ?? '';
}

function readBound(reader: TokenReader, key: string): string {
  const bound = reader.isAtEnd() || reader.peek() === ',' ? '' : readWord(reader);
  const detail = "for 'Gt', 'Lt' operators, the value must be an integer";
  return checked(key, [bound], isInteger(bound) ? [] : [invalidValue('values[0]', bound, detail)])[0] ?? '';
}

/** `(a,b)`; where a comma has nothing beside it, the empty value is meant. */
function readValues(reader: TokenReader, key: string): string[] {
  if (!reader.accept('(')) throw unparsable(`found '${reader.peek() ?? ''}' expected: '('`);
  const values = new Set<string>();
  let expected = "',', ')' or identifier";
  for (;;) {
    if (reader.isAtWord()) values.add(reader.next());
    else if (reader.peek() === ',' || reader.peek() === ')') values.add('');
    else throw unparsable(reader.found(expected));
    if (reader.accept(')')) return checked(key, [...values]);
    if (!reader.accept(',')) throw unparsable(reader.found("',' or ')'"));
    expected = "',', or identifier";
  }
}

/** The values, unless one cannot be the value of a label; these are named in order, after `others`. */
function checked(key: string, values: string[], others: readonly string[] = []): string[] {
  const wrong = values.toSorted().flatMap((value, at) => {
    const problems = labelValueProblems(value);
    return problems.length > 0 ? [invalidValue(`values[${at}][${key}]`, value, problems.join('; '))] : [];
  });
  const [first, ...more] = [...others, ...wrong];
  if (first === undefined) return values;
  throw unparsable(more.length === 0 ? first : `[${[first, ...more].join(', ')}]`);
}

function invalidValue(path: string, value: string, detail: string): string {
  return `${path}: Invalid value: ${JSON.stringify(value)}: ${detail}`;
}

function unparsable(problem: string): ApiError {
  return refusal(`unable to parse requirement: ${problem}`);
}

/** In the words of kube-apiserver (apimachinery, `pkg/labels`). */
function refusal(problem: string): ApiError {
  return new ApiError('BadRequest', problem);
}

/** Cuts a selector into words and signs. */
class TokenReader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = text.match(/[!=]=|[=!(),<>]|[^\s=!(),<>]+/g) ?? [];
  }

  isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  next(): string {
    const token = this.peek() ?? '';
    this.#at += 1;
    return token;
  }

  accept(token: string): boolean {
    if (this.peek() !== token) return false;
    this.#at += 1;
    return true;
  }

  isAtWord(): boolean {
    return /^[^=!(),<>]/.test(this.peek() ?? '');
  }

  isAtRequirement(): boolean {
    return this.isAtWord() || this.peek() === '!';
  }

  /** What stands here, against what may. */
  found(expected: string): string {
    return `found '${this.peek() ?? ''}', expected: ${expected}`;
  }
}
