/** More duplicates than this are not worth telling, nor is more of a key. */
export const maxDuplicates = 50;
const maxKeyChars = 256;
/** Deeper bodies are refused whatever they hold, so nobody reads these paths. */
const maxDepth = 1_000;

/**
 * Paths of object keys that stand twice in a JSON text, which `JSON.parse` cannot tell: the first ones. The text must
 * be valid JSON. Works on the text itself and without recursion, so a deep or long body costs no more than its length.
 */
export function findDuplicateKeys(text: string): string[] {
  const duplicates: string[] = [];
  const stack: Level[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const level = stack.at(-1);
    const [found] = match;
    if (duplicates.length === maxDuplicates || stack.length > maxDepth) break;
    if (found === '{' || found === '[') stack.push({ keys: found === '{' ? new Set() : undefined, key: '', index: 0 });
    else if (found === '}' || found === ']') stack.pop();
    else if (!level) continue;
    else if (found === ',') level.index += 1;
    else if (level.keys && isKey(text, token.lastIndex)) noteKey(textOf(found), level, stack, duplicates);
  }
  return duplicates;
}

/** How many keys the objects of a valid JSON text have, each counted as often as it stands there. */
export function countKeys(text: string): number {
  let count = 0;
  const quoted = /"(?:[^"\\]|\\.)*"/g;
  while (quoted.test(text)) if (isKey(text, quoted.lastIndex)) count += 1;
  return count;
}

/** What a JSON string says. */
function textOf(quoted: string): string {
  return quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
}

interface Level {
  /** Keys so far of an object; undefined for an array. */
  keys: Set<string> | undefined;
  key: string;
  index: number;
}

function isKey(text: string, at: number): boolean {
  let next = at;
  while (' \n\r\t'.includes(text[next] ?? 'x')) next += 1;
  return text[next] === ':';
}

function noteKey(key: string, level: Level, stack: readonly Level[], duplicates: string[]): void {
  level.key = shortKey(key);
  if (level.keys?.has(key)) duplicates.push(pathOf(stack));
  level.keys?.add(key);
}

/** A key as a part of a path: many paths may share one long key. */
export function shortKey(key: string): string {
  return key.length > maxKeyChars ? `${key.slice(0, maxKeyChars)}…` : key;
}

function pathOf(stack: readonly Level[]): string {
  return stack.reduce((path, { keys, key, index }) => {
    if (!keys) return `${path}[${index}]`;
    return path === '' ? key : `${path}.${key}`;
  }, '');
}
