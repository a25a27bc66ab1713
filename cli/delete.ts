import { Command } from 'commander';
import { hasReason, messageOf } from '../shared/errors.ts';
import type { KubeObject } from '../shared/objects/types.ts';
import { readManifests } from './manifests.ts';
import { objectLabel, parseTargets, resourcePath, type ServedResource } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from './session.ts';
import { UsageError } from './usage.ts';
import { waitFor } from './watching.ts';

interface DeleteOptions extends ApiOptions {
  filename?: string[];
  recursive?: boolean;
  all?: boolean;
  selector?: string;
  gracePeriod?: string;
  now?: boolean;
  force?: boolean;
  wait: boolean;
  timeout: string;
  cascade?: string;
  ignoreNotFound?: boolean;
}

interface Doomed {
  resource: ServedResource;
  namespace: string | undefined;
  name: string;
}

const propagation: Record<string, string> = { background: 'Background', foreground: 'Foreground', orphan: 'Orphan' };

/** `berth delete`: by name, by label, all of a type, or what manifests name; waits until they are gone. */
export function deleteCommand(): Command {
  return withApiOptions(new Command('delete'))
    .description('Delete objects and wait until they are gone')
    .argument('[type...]', 'TYPE NAME…, TYPE/NAME…, or TYPE with -l or --all')
    .option('-f, --filename <path...>', 'delete what these manifests name')
    .option('-R, --recursive', 'look into directories below')
    .option('--all', 'all objects of the type in the namespace')
    .option('-l, --selector <labels>', 'objects with these labels')
    .option('--grace-period <seconds>', 'time for containers to stop by themselves')
    .option('--now', 'a grace period of 1 second')
    .option('--force', 'remove at once, without waiting for the node')
    .option('--cascade <how>', 'background, foreground or orphan', 'background')
    .option('--no-wait', 'do not wait until they are gone')
    .option('--timeout <seconds>', 'how long to wait', '120')
    .option('--ignore-not-found', 'an absent object is no error')
    .action((words: string[], options: DeleteOptions) =>
      withSession(options, (session) => remove(session, words, options)),
    );
}

async function remove(session: Session, words: string[], options: DeleteOptions): Promise<void> {
  const doomed =
    options.filename === undefined ? await fromWords(session, words, options) : await fromFiles(session, options);
  const waiting: Doomed[] = [];
  for (const target of doomed) if (await removeOne(session, target, options)) waiting.push(target);
  if (!options.wait) return;
  const timeoutMs = Number(options.timeout) * 1000;
  for (const { resource, namespace, name } of waiting) {
    await waitFor(session, { resource, namespace, name }, 'deletion', timeoutMs, (object) => object === undefined);
  }
}

async function fromFiles(
  { names, namespace }: Session,
  { filename = [], recursive = false }: DeleteOptions,
): Promise<Doomed[]> {
  const manifests = await readManifests(filename, recursive);
  return manifests.toReversed().map(({ object }) => ({
    resource: names.findKind(object.apiVersion, object.kind),
    namespace: object.metadata.namespace ?? namespace,
    name: object.metadata.name,
  }));
}

async function fromWords(
  { client, names, namespace }: Session,
  words: string[],
  options: DeleteOptions,
): Promise<Doomed[]> {
  const doomed: Doomed[] = [];
  for (const { resource, name } of parseTargets(words, names)) {
    if (name !== undefined) {
      doomed.push({ resource, namespace, name });
      continue;
    }
    if (options.selector === undefined && options.all !== true)
      throw new UsageError('name the objects, or use -l or --all');
    const list = await client.call<{ items: KubeObject[] }>('GET', resourcePath(resource, namespace), {
      query: { labelSelector: options.selector },
    });
    doomed.push(
      ...list.items.map(({ metadata }) => ({ resource, namespace: metadata.namespace, name: metadata.name })),
    );
  }
  return doomed;
}

async function removeOne(
  { client }: Session,
  { resource, namespace, name }: Doomed,
  options: DeleteOptions,
): Promise<boolean> {
  const grace =
    options.force === true ? 0 : options.now === true ? 1 : options.gracePeriod && Number(options.gracePeriod);
  const policy = propagation[options.cascade ?? 'background'];
  if (policy === undefined) throw new UsageError('--cascade is background, foreground or orphan');
  if (typeof grace === 'number' && !Number.isSafeInteger(grace))
    throw new UsageError('--grace-period is a number of seconds');
  try {
    await client.call('DELETE', resourcePath(resource, namespace, name), {
      body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: policy, gracePeriodSeconds: grace },
    });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
    if (options.ignoreNotFound !== true) {
      process.stderr.write(`Error from server (NotFound): ${messageOf(error)}\n`);
      process.exitCode = 1;
    }
    return false;
  }
  process.stdout.write(`${objectLabel(resource, name)} deleted\n`);
  return true;
}
