import type { Argument, Command, Option } from 'commander';
import type { KubeObject } from '../shared/objects/types.ts';
import { ApiClient } from './client/client.ts';
import { commandGroups } from './commands.ts';
import { kubeconfigPath, listContexts, loadKubeconfig } from './client/kubeconfig.ts';
import { resourcePath, ResourceNames, type ServedResource } from './client/resource-names.ts';

/** What has been typed before the word that is to be completed. */
interface Typed {
  command: Command;
  /** Words that are no flags, without those of the command itself. */
  positional: string[];
  /** Values of flags, by the flag's long name. */
  flags: Record<string, string>;
}

const answerWithinMs = 3000;

/**
 * What may stand where the last word stands: commands, flags, values of flags, types and names of objects. Words that
 * do not begin so are left out. [] when nothing is known, or the server does not answer.
 */
export async function complete(words: readonly string[]): Promise<string[]> {
  const last = words.at(-1) ?? '';
  const found = await candidates(words.slice(0, -1), last).catch(() => []);
  return [...new Set(found)].filter((word) => word.startsWith(last)).sort();
}

/** `berth __complete WORD…`: prints what the last word may become, one on a line. */
export async function printCompletions(words: readonly string[]): Promise<void> {
  for (const word of await complete(words)) process.stdout.write(`${word}\n`);
}

async function candidates(before: readonly string[], last: string): Promise<string[]> {
  const names = Object.values(commandGroups).flatMap((group) => Object.entries(group));
  const [first, ...rest] = before;
  const load = names.find(([name]) => name === first)?.[1];
  if (first === undefined) return names.map(([name]) => name);
  if (load === undefined) return [];
  const typed = readTyped(await load(), rest);
  const waiting = flagBefore(typed.command, rest.at(-1));
  if (waiting !== undefined) return valuesOf(waiting, typed);
  if (last.startsWith('-'))
    return typed.command.options.filter((o) => !o.hidden).flatMap((o) => [o.long ?? '', o.short ?? '']);
  if (typed.command.commands.length > 0) return typed.command.commands.map((command) => command.name());
  return objectsFor(typed, last);
}

function readTyped(command: Command, words: readonly string[]): Typed {
  const typed: Typed = { command, positional: [], flags: {} };
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const inner =
      typed.positional.length === 0
        ? typed.command.commands.find((each) => each.name() === word || each.aliases().includes(word))
        : undefined;
    const option = flagBefore(typed.command, word);
    if (inner !== undefined) typed.command = inner;
    else if (option !== undefined) typed.flags[option.long ?? ''] = words[(at += 1)] ?? '';
    else if (!word.startsWith('-')) typed.positional.push(word);
    else if (word.includes('=')) typed.flags[word.slice(0, word.indexOf('='))] = word.slice(word.indexOf('=') + 1);
  }
  return typed;
}

/** The flag that a word is, if it waits for a value. */
function flagBefore(command: Command, word: string | undefined): Option | undefined {
  if (word === undefined) return undefined;
  return command.options.find((option) => option.required && (option.short === word || option.long === word));
}

/** Values of a flag; [] leaves files to the shell. */
async function valuesOf(option: Option, typed: Typed): Promise<string[]> {
  if (option.argChoices !== undefined) return [...option.argChoices];
  if (option.long === '--output') return option.description.split(', ').map((format) => format.replace('…', ''));
  if (option.long === '--context') return listContexts(kubeconfigPath(typed.flags['--kubeconfig']));
  if (option.long === '--namespace') return withServer(typed, (server) => server.namesOf('namespaces'));
  return [];
}

/** Types, then names: by what the command calls its words. */
function objectsFor({ command, positional, flags }: Typed, last: string): Promise<string[]> {
  const [argument] = command.registeredArguments as readonly (Argument | undefined)[];
  const what = argument?.name() ?? '';
  if (what === 'context') return Promise.resolve(listContexts(kubeconfigPath(flags['--kubeconfig'])));
  return withServer({ command, positional, flags }, async (server) => {
    if (what === 'node') return server.namesOf('nodes');
    const [type] = last.split('/');
    if (last.includes('/')) return (await server.namesOf(type ?? '')).map((name) => `${type}/${name}`);
    if (what === 'pod') return positional.length === 0 ? server.namesOf('pods') : [];
    if (what !== 'type' && what !== 'word') return [];
    if (positional.length === 0) return server.types();
    return positional.some((word) => word.includes('/')) ? [] : server.namesOf(positional[0] ?? '');
  });
}

interface Server {
  types: () => string[];
  namesOf: (type: string) => Promise<string[]>;
}

async function withServer(typed: Typed, ask: (server: Server) => string[] | Promise<string[]>): Promise<string[]> {
  const { '--kubeconfig': file, '--context': context, '--namespace': given } = typed.flags;
  const connection = loadKubeconfig(kubeconfigPath(file), context);
  const client = new ApiClient(connection);
  const signal = AbortSignal.timeout(answerWithinMs);
  client.onWarning = () => undefined;
  try {
    const names = await ResourceNames.load(client);
    const listable = names.all.filter(({ verbs }) => verbs.includes('list'));
    const list = async (resource: ServedResource): Promise<string[]> => {
      const path = resourcePath(resource, given ?? connection.namespace);
      const { items } = await client.call<{ items: KubeObject[] }>('GET', path, { signal });
      return items.map(({ metadata }) => metadata.name);
    };
    return await ask({
      types: () => listable.map(({ plural }) => plural),
      namesOf: async (type) => (await Promise.all(names.find(type).map(list))).flat(),
    });
  } finally {
    client.close();
  }
}
