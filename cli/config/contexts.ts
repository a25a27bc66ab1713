import { byName, currentContextOf, entriesOf, readKubeconfig, type List } from '../client/kubeconfig-file.ts';
import { reportOne } from '../failure.ts';
import { formatColumns } from '../print/columns.ts';

export interface GetContextsOptions {
  output?: string;
  headers: boolean;
}

/** Prints the name of the current context. Throws when there is none. */
export function currentContext(path: string): void {
  const name = currentContextOf(readKubeconfig(path));
  if (name === undefined) throw new Error('current-context is not set');
  process.stdout.write(`${name}\n`);
}

/** Prints contexts by name, a star at the current one; names that are missing fail at the end. */
export function getContexts(path: string, names: readonly string[], { output, headers }: GetContextsOptions): void {
  const config = readKubeconfig(path);
  const all = entriesOf(config, 'contexts').sort(byName);
  for (const name of names) {
    if (!all.some((entry) => entry.name === name)) reportOne(new Error(`context ${name} not found`));
  }
  const shown = names.length === 0 ? all : all.filter(({ name }) => names.includes(name));
  if (output === 'name') {
    for (const { name } of shown) process.stdout.write(`${name}\n`);
    return;
  }
  const rows = shown.map(({ name, context }) => {
    const { cluster = '', user = '', namespace = '' } = (context ?? {}) as Record<string, string>;
    return [name === config['current-context'] ? '*' : '', name, cluster, user, namespace];
  });
  const headings = ['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE'];
  process.stdout.write(formatColumns(headers ? [headings, ...rows] : rows));
}

/** Prints the names of a list. */
export function getNames(path: string, list: List): void {
  const entries = entriesOf(readKubeconfig(path), list).sort(byName);
  process.stdout.write(formatColumns([['NAME'], ...entries.map(({ name }) => [name])]));
}
