import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** A command that the documentation tells people to type. */
export interface ShellLine {
  file: string;
  line: number;
  command: string;
}

/** README and everything in docs/. */
export function documents(): string[] {
  const docs = readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'));
  return ['README.md', ...docs.map((file) => join('docs', file))];
}

/** Fenced blocks of a language, with the line each begins in. */
export function fencedBlocks(file: string, language: string): { line: number; text: string }[] {
  const content = readFileSync(join(root, file), 'utf8');
  return [...content.matchAll(/^```(\w*)\n([^]*?)^```$/gm)]
    .filter(([, found]) => found === language)
    .map((match) => ({ line: content.slice(0, match.index).split('\n').length, text: match[2] ?? '' }));
}

/** Every command of the fenced shell blocks, without its comment. */
export function shellLines(file: string): ShellLine[] {
  return fencedBlocks(file, 'sh').flatMap(({ line, text }) =>
    text
      .split('\n')
      .map((each, index) => ({ file, line: line + 1 + index, command: each.replace(/\s+#.*$/, '').trim() }))
      .filter(({ command }) => command !== ''),
  );
}
