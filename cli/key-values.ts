import { UsageError } from './usage.ts';

/** What `a=b c-` asks for: values to set and, as null, keys to remove. */
export type KeyChange = Record<string, string | null>;

/** Tells the words that name objects from those that change keys: `pods web app=x tier-`. */
export function splitWords(words: readonly string[]): { targets: string[]; changes: string[] } {
  const isChange = (word: string): boolean => word.includes('=') || word.endsWith('-');
  return { targets: words.filter((word) => !isChange(word)), changes: words.filter(isChange) };
}

/** Reads `key=value` and `key-`. Throws UsageError for a key that is both set and removed, or empty. */
export function parseKeyChange(words: readonly string[]): KeyChange {
  const change: KeyChange = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const key = at < 0 ? word.slice(0, -1) : word.slice(0, at);
    if (key === '') throw new UsageError(`"${word}" is not KEY=VALUE or KEY-`);
    if (Object.hasOwn(change, key)) throw new UsageError(`"${key}" is named twice`);
    change[key] = at < 0 ? null : word.slice(at + 1);
  }
  return change;
}

/** `key=value`; the value may have more equals signs. Throws UsageError. */
export function parsePair(word: string): [string, string] {
  const [key = '', value] = word.split(/=(.*)/s);
  if (key === '' || value === undefined) throw new UsageError(`"${word}" is not KEY=VALUE`);
  return [key, value];
}
