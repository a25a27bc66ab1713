import type { Document, ParseOptions, parseAllDocuments } from 'yaml';
import { ApiError, messageOf } from '../errors.ts';
import { yaml } from '../yaml.ts';
import { maxDuplicates, shortKey } from './duplicate-keys.ts';

/** A value, and a problem for each key that was written twice: the last one counts, strict readers refuse. */
export interface ParsedValue {
  value: unknown;
  problems: readonly string[];
}

/** The parser needs some 10 to 30 µs for each line, separator or tag, so this bounds its time to about a second. */
const maxTokens = 50_000;
/** Looking up aliases costs quadratic time. */
const maxAliases = 2000;
/** A merge of an alias (`<<: *a`) takes a step for each key of what it names: lines times aliases, at worst. */
const maxMergeSteps = 5_000_000;
const maxDocuments = 1000;

/** YAML as kubectl reads it: version 1.1 (`yes`, `0644`) without times and base 60, and with `0o644`. */
export const kubectlYaml: ParseOptions & Parameters<typeof parseAllDocuments>[1] = {
  version: '1.1',
  merge: true,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
  customTags: (tags) => [
    {
      tag: 'tag:yaml.org,2002:int',
      default: true,
      format: 'OCT12',
      test: /^0o[0-7]+$/,
      resolve: (text: string) => Number.parseInt(text.slice(2), 8),
    },
    ...tags.filter(
      (tag) => typeof tag === 'string' || (!/:(timestamp|omap|pairs|set)$/.test(tag.tag) && !isBase60(tag)),
    ),
  ],
};

function isBase60(tag: object): boolean {
  return 'format' in tag && tag.format === 'TIME';
}

/**
 * Reads every document of a text; empty ones are left out. Throws BadRequest. Who trusts the text, as a command line
 * does with its user's files, may raise `limit`.
 */
export function parseYamlDocuments(text: string, limit = maxTokens): ParsedValue[] {
  const tokens = text.match(/[\n,[\]{}]|[-?:](?=\s)|["'](?=\s*["'])|(?<=\s)!/g)?.length ?? 0;
  if (tokens > limit) throw refuse(`more than ${limit} lines, separators and tags`);
  const aliases = text.match(/(?<=[\s,[{])[&*]\w/g)?.length ?? 0;
  if (aliases > maxAliases) throw refuse(`more than ${maxAliases} anchors and aliases`);
  if (text.includes('<<') && tokens * aliases > maxMergeSteps) throw refuse('too many aliases for so many lines');
  const ends = text.match(/^(?:---|\.\.\.)/gm)?.length ?? 0;
  if (ends > 2 * maxDocuments) throw refuse(`more than ${maxDocuments} documents`);
  const documents = parseGuarded(text);
  if (documents.length > maxDocuments) throw refuse(`more than ${maxDocuments} documents`);
  return documents
    .map((document) => valueOf(document, text))
    .filter(({ value }) => value !== null && value !== undefined);
}

/** Reads the one document of a text. Throws BadRequest. */
export function parseYaml(text: string): ParsedValue {
  const [first, ...more] = parseYamlDocuments(text);
  if (more.length > 0) throw refuse('expected one document');
  return first ?? { value: undefined, problems: [] };
}

function parseGuarded(text: string): Document.Parsed[] {
  try {
    const documents = yaml().parseAllDocuments(text, kubectlYaml);
    return Array.isArray(documents) ? (documents as Document.Parsed[]) : [];
  } catch (error) {
    throw refuse(messageOf(error), error);
  }
}

function valueOf(document: Document.Parsed, text: string): ParsedValue {
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) throw refuse(problem.message, problem);
  try {
    return {
      value: document.toJS({ maxAliasCount: 100 }),
      problems: findDuplicateKeys(document).map(
        ({ key, at }) => `line ${lineAt(text, at)}: key ${JSON.stringify(key)} already set in map`,
      ),
    };
  } catch (error) {
    throw refuse(messageOf(error), error);
  }
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

/** A key that stands twice in its mapping: its path, and where in the text it stands again. */
export interface DuplicateKey {
  key: string;
  path: string;
  at: number;
}

/** The keys of a document that stand twice: the first ones. */
export function findDuplicateKeys({ contents }: Document.Parsed): DuplicateKey[] {
  return findDuplicates(contents, '').slice(0, maxDuplicates);
}

function findDuplicates(node: unknown, path: string): DuplicateKey[] {
  const { isMap, isPair, isScalar, isSeq } = yaml();
  if (isSeq(node)) return node.items.flatMap((item, index) => findDuplicates(item, `${path}[${index}]`));
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.filter(isPair).flatMap(({ key, value }) => {
    const full = isScalar(key) ? String(key.value) : '';
    const name = shortKey(full);
    const here = path === '' ? name : `${path}.${name}`;
    const inside = findDuplicates(value, here);
    if (seen.has(full)) return [{ key: name, path: here, at: isScalar(key) ? (key.range?.[0] ?? 0) : 0 }, ...inside];
    seen.add(full);
    return inside;
  });
}

function refuse(problem: string, cause?: unknown): ApiError {
  return new ApiError('BadRequest', `error converting YAML to JSON: yaml: ${problem}`, {}, { cause });
}
