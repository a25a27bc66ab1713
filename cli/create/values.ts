import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import { messageOf } from '../../shared/errors.ts';
import { UsageError } from '../usage.ts';
import { collectWhole } from './creating.ts';

/** Where the values of a ConfigMap or Secret come from. */
export interface ValueOptions {
  fromLiteral?: string[];
  fromFile?: string[];
  fromEnvFile?: string[];
}

/** Adds `--from-literal`, `--from-file` and `--from-env-file`. */
export function withValues(command: Command): Command {
  return command
    .option('--from-literal <key=value>', 'a value as it is; may be repeated', collectWhole)
    .option('--from-file <[key=]path>', 'a file, or the files of a directory; may be repeated', collectWhole)
    .option('--from-env-file <path>', 'lines of KEY=VALUE; may be repeated', collectWhole);
}

/** Values by key. Throws UsageError for what cannot be read, and for a key that comes twice. */
export function readValues({ fromLiteral = [], fromFile = [], fromEnvFile = [] }: ValueOptions): Map<string, Buffer> {
  const values = new Map<string, Buffer>();
  const all = [...fromFile.flatMap(readFiles), ...fromLiteral.map(readLiteral), ...fromEnvFile.flatMap(readEnvFile)];
  for (const [key, value] of all) {
    if (values.has(key)) throw new UsageError(`cannot add key "${key}", another key by that name already exists`);
    values.set(key, value);
  }
  return values;
}

/** What a file holds. Throws UsageError. */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

function readLiteral(text: string): [string, Buffer] {
  const [key = '', value] = text.split(/=(.*)/s);
  if (key === '' || value === undefined) throw new UsageError(`invalid literal source ${text}, expected key=value`);
  return [key, Buffer.from(value.replace(/^(["'])(.*)\1$/s, '$2'))];
}

function readFiles(text: string): [string, Buffer][] {
  const [first = '', named] = text.split(/=(.*)/s);
  const path = named ?? first;
  if (path === '' || first === '') throw new UsageError(`"${text}" is not PATH or KEY=PATH`);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    return [[named === undefined ? basename(path) : first, readBytes(path)]];
  }
  if (named !== undefined) throw new UsageError(`"${text}": a key is for one file, and ${path} is a directory`);
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, readBytes(join(path, name))]);
}

/** A key alone takes its value from the environment, and is left out when that has none. */
function readEnvFile(path: string): [string, Buffer][] {
  const lines = readBytes(path).toString().split('\n');
  return lines.flatMap((line, index): [string, Buffer][] => {
    const text = line.trimStart().replace(/\r$/, '');
    if (text === '' || text.startsWith('#')) return [];
    const [key = '', value = process.env[key]] = text.split(/=(.*)/s);
    if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(key))
      throw new UsageError(`${path} line ${index + 1}: "${key}" is no name`);
    return value === undefined ? [] : [[key, Buffer.from(value)]];
  });
}
