import {
  currentContextOf,
  entriesOf,
  lists,
  readKubeconfig,
  writeKubeconfig,
  type Kubeconfig,
  type List,
} from '../client/kubeconfig-file.ts';
import { UsageError } from '../usage.ts';

export interface SetContextOptions {
  current?: boolean;
  namespace?: string;
  cluster?: string;
  user?: string;
}

/** Makes a context the current one. */
export async function switchContext(path: string, name: string): Promise<void> {
  const config = readKubeconfig(path);
  if (!has(config, 'contexts', name)) {
    const others = entriesOf(config, 'contexts').map((entry) => entry.name);
    throw new Error(`no context exists with the name: "${name}"; there is ${others.join(', ') || 'none'}`);
  }
  await writeKubeconfig(path, { ...config, 'current-context': name });
  process.stdout.write(`Switched to context "${name}".\n`);
}

/** Changes the named parts of a context; an empty one is taken out. Makes the context when there is none. */
export async function setContext(
  path: string,
  named: string | undefined,
  { current, namespace, cluster, user }: SetContextOptions,
): Promise<void> {
  if (named !== undefined && current === true) {
    throw new UsageError('you cannot specify both a context name and --current');
  }
  const config = readKubeconfig(path);
  const name = current === true ? currentContextOf(config) : named;
  if (name === undefined || name === '') {
    if (current === true) throw new Error('no current context is set');
    throw new UsageError('you must specify a non-empty context name or --current');
  }
  const entries = entriesOf(config, 'contexts');
  const before = entries.find((entry) => entry.name === name);
  const parts = Object.entries({ ...(before?.['context'] as object), ...given({ cluster, user, namespace }) });
  const context = Object.fromEntries(parts.filter(([, value]) => value !== ''));
  const after = { ...before, name, context };
  const contexts =
    before === undefined ? [...entries, after] : entries.map((entry) => (entry === before ? after : entry));
  await writeKubeconfig(path, { ...config, contexts });
  process.stdout.write(`Context "${name}" ${before === undefined ? 'created' : 'modified'}.\n`);
}

function given(parts: Record<string, string | undefined>): object {
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
}

/** Gives a context another name; the current one stays current. */
export async function renameContext(path: string, from: string, to: string): Promise<void> {
  const config = readKubeconfig(path);
  if (!has(config, 'contexts', from)) throw new Error(`cannot rename the context "${from}", it's not in ${path}`);
  if (has(config, 'contexts', to)) {
    throw new Error(`cannot rename the context "${from}", the context "${to}" already exists in ${path}`);
  }
  const contexts = entriesOf(config, 'contexts').map((entry) => (entry.name === from ? { ...entry, name: to } : entry));
  const isCurrent = config['current-context'] === from;
  await writeKubeconfig(path, { ...config, contexts, ...(isCurrent && { 'current-context': to }) });
  process.stdout.write(`Context "${from}" renamed to "${to}".\n`);
}

/** Takes an entry out of a list. */
export async function deleteEntry(path: string, list: List, name: string): Promise<void> {
  const config = readKubeconfig(path);
  if (!has(config, list, name)) throw new Error(`cannot delete ${lists[list]} ${name}, not in ${path}`);
  await writeKubeconfig(path, { ...config, [list]: entriesOf(config, list).filter((entry) => entry.name !== name) });
  if (list === 'contexts' && config['current-context'] === name) {
    const next = 'use "berth config use-context" to select a different one';
    process.stderr.write(`Warning: this removed your active context, ${next}\n`);
  }
  process.stdout.write(`deleted ${lists[list]} ${name} from ${path}\n`);
}

function has(config: Kubeconfig, list: List, name: string): boolean {
  return entriesOf(config, list).some((entry) => entry.name === name);
}
