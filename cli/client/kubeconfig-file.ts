import { readFileSync, realpathSync, statSync } from 'node:fs';
import { writeFileAtomic } from '../../shared/atomic-file.ts';
import { messageOf } from '../../shared/errors.ts';
import { readYaml, writeYaml } from '../../shared/yaml.ts';
import { UsageError } from '../usage.ts';

/** What a kubeconfig says, with whatever else stands in it. */
export type Kubeconfig = Record<string, unknown>;

/** The lists of a kubeconfig, and what each of their entries calls its content. */
export const lists = { clusters: 'cluster', users: 'user', contexts: 'context' } as const;

export type List = keyof typeof lists;

/** An entry of a list, as `{name: web, context: {…}}`. */
export type Entry = { name: string } & Record<string, unknown>;

/** Reads a kubeconfig. Throws UsageError that names the file and what is wrong with it. */
export function readKubeconfig(path: string): Kubeconfig {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist' : messageOf(error);
    const next = "start Berth with 'berth up', or name a kubeconfig with --kubeconfig";
    throw new UsageError(`cannot read kubeconfig ${path}: ${why}; ${next}`, { cause: error });
  }
  try {
    return mapping(readYaml(text), path, 'the file');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path}: ${messageOf(error).split('\n')[0]?.replace(/:$/, '') ?? ''}`, { cause: error });
  }
}

/** Replaces a kubeconfig at once, in the notation and with the mode that it has; a link stays a link. */
export async function writeKubeconfig(path: string, config: Kubeconfig): Promise<void> {
  const file = realpathSync(path);
  const isJson = readFileSync(file, 'utf8').startsWith('{');
  const text = isJson ? `${JSON.stringify(config, null, 2)}\n` : writeYaml(config);
  await writeFileAtomic(file, text, statSync(file).mode & 0o777);
}

/** The entries of a list; [] when there is none. */
export function entriesOf(config: Kubeconfig, list: List): Entry[] {
  const entries = config[list];
  return Array.isArray(entries) ? (entries as Entry[]).filter((entry) => typeof entry?.name === 'string') : [];
}

/** The name of the current context; undefined when none is set. */
export function currentContextOf(config: Kubeconfig): string | undefined {
  const name = config['current-context'];
  return typeof name === 'string' && name !== '' ? name : undefined;
}

/** For entries in the order of their names. */
export function byName(a: Entry, b: Entry): number {
  return a.name < b.name ? -1 : 1;
}

/** What an entry of a list says. Throws UsageError when there is none of that name. */
export function contentOf(config: Kubeconfig, list: List, name: unknown, path: string): Record<string, unknown> {
  const entry = entriesOf(config, list).find((candidate) => candidate.name === name);
  if (entry === undefined) throw new UsageError(`${path}: no entry ${JSON.stringify(name) ?? 'named'} in ${list}`);
  return mapping(entry[lists[list]], path, `${list}[].${lists[list]}`);
}

function mapping(value: unknown, path: string, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new UsageError(`${path}: ${what} is not a mapping`);
  return value as Record<string, unknown>;
}
