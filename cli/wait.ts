import { Command } from 'commander';
import type { KubeObject } from '../shared/objects/types.ts';
import { objectLabel, parseTargets, resourcePath } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from './session.ts';
import { UsageError } from './usage.ts';
import { waitFor, type Watched } from './watching.ts';

interface WaitOptions extends ApiOptions {
  for: string;
  selector?: string;
  all?: boolean;
  timeout: string;
}

type WithConditions = KubeObject & { status?: { conditions?: { type: string; status: string }[] } };

/** `berth wait --for=condition=Ready pod/web`, `--for=delete`, `--for=jsonpath={.status.phase}=Running`. */
export function waitCommand(): Command {
  return withApiOptions(new Command('wait'))
    .description('Wait until objects are in a state')
    .argument('<type...>', 'TYPE NAME…, TYPE/NAME…, or TYPE with -l or --all')
    .requiredOption('--for <state>', 'condition=TYPE[=STATUS], delete, or jsonpath={.path}=VALUE')
    .option('-l, --selector <labels>', 'objects with these labels')
    .option('--all', 'all objects of the type in the namespace')
    .option('--timeout <duration>', 'how long, as 30s, 5m or 1h', '30s')
    .action((words: string[], options: WaitOptions) =>
      withSession(options, (session) => wait(session, words, options)),
    );
}

async function wait(session: Session, words: string[], options: WaitOptions): Promise<void> {
  const isDone = parseState(options.for);
  const deadline = performance.now() + parseDurationMs(options.timeout);
  for (const watched of await selectObjects(session, words, options)) {
    await waitFor(session, watched, options.for, Math.max(1, deadline - performance.now()), isDone);
    const met = options.for === 'delete' ? 'deleted' : 'condition met';
    process.stdout.write(`${objectLabel(watched.resource, watched.name)} ${met}\n`);
  }
}

async function selectObjects(
  { client, names, namespace }: Session,
  words: string[],
  options: WaitOptions,
): Promise<Watched[]> {
  const selected: Watched[] = [];
  for (const { resource, name } of parseTargets(words, names)) {
    if (name !== undefined) {
      selected.push({ resource, namespace, name });
      continue;
    }
    if (options.selector === undefined && options.all !== true)
      throw new UsageError('name the objects, or use -l or --all');
    const query = { labelSelector: options.selector };
    const list = await client.call<{ items: KubeObject[] }>('GET', resourcePath(resource, namespace), { query });
    selected.push(
      ...list.items.map(({ metadata }) => ({ resource, namespace: metadata.namespace, name: metadata.name })),
    );
  }
  if (selected.length === 0) throw new Error('no matching resources found');
  return selected;
}

/** What `--for` means, as a test of the object. Throws UsageError. */
function parseState(text: string): (object: KubeObject | undefined) => boolean {
  if (text === 'delete') return (object) => object === undefined;
  const condition = /^condition=([^=]+)(?:=(.+))?$/.exec(text);
  if (condition !== null) {
    const [, type = '', status = 'True'] = condition;
    return (object) =>
      (object as WithConditions | undefined)?.status?.conditions?.some(
        (found) =>
          found.type.toLowerCase() === type.toLowerCase() && found.status.toLowerCase() === status.toLowerCase(),
      ) ?? false;
  }
  const path = /^jsonpath=\{?\.?([\w.[\]-]+)\}?=(.+)$/.exec(text);
  if (path === null) throw new UsageError(`--for=${text}: use condition=TYPE, delete or jsonpath={.path}=VALUE`);
  const [, keys = '', wanted = ''] = path;
  return (object) => {
    const value = keys
      .split(/[.[\]]+/)
      .filter((key) => key !== '')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], object);
    return (typeof value === 'string' ? value : JSON.stringify(value)) === wanted;
  };
}

/** `30s`, `5m`, `1h`, a bare number of seconds. Throws UsageError. */
export function parseDurationMs(text: string): number {
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const match = /^(\d+)(ms|s|m|h)?$/.exec(text);
  if (match === null) throw new UsageError(`"${text}" is not a duration: write 30s, 5m or 1h`);
  return Number(match[1]) * (units[match[2] ?? 's'] ?? 1000);
}
