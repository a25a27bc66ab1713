import { isDeepStrictEqual } from 'node:util';
import { Command, Option } from 'commander';
import { hasReason } from '../../shared/errors.ts';
import { matchesLabels, parseLabelSelector } from '../../shared/objects/selector.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import type { ApiClient } from '../client/client.ts';
import { reportOne } from '../failure.ts';
import { readManifests } from '../client/manifests.ts';
import { collect } from '../create/creating.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { outputOption } from '../print/output.ts';
import { pruneObjects } from './prune.ts';
import { resourcePath } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import { withFiles, type FileOptions } from '../client/selection.ts';
import { bringsNamespace, namespacesFirst, servedManifests, type ServedManifest } from '../client/served-manifests.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

export interface ApplyOptions extends ApiOptions, FileOptions {
  dryRun?: DryRun;
  forceConflicts?: boolean;
  serverSide?: boolean;
  fieldManager: string;
  validate: string;
  output?: string;
  selector?: string;
  prune?: boolean;
  force?: boolean;
  pruneAllowlist?: string[];
}

const fieldValidation: Record<string, string> = {
  strict: 'Strict',
  true: 'Strict',
  warn: 'Warn',
  ignore: 'Ignore',
  false: 'Ignore',
};

/** `berth apply -f`: server-side apply of each object, in order, once the server has found nothing wrong with any. */
export function applyCommand(): Command {
  const command = withFiles(new Command('apply'), 'what to apply')
    .description('Create or change objects to match manifests')
    .addOption(dryRunOption())
    .option('-l, --selector <labels>', 'only what has these labels, as app=web')
    .option('--prune', 'delete what has the labels of -l, was applied before, and is named no more')
    .option(
      '--prune-allowlist <group/version/kind>',
      'with --prune: only this kind, as core/v1/ConfigMap; may be repeated',
      collect,
    )
    .addOption(new Option('--force').hideHelp())
    .option('--force-conflicts', 'take over fields that others have set')
    .option('--server-side', 'for kubectl users: this is always so')
    .option('--field-manager <name>', 'who owns the fields that are set', 'berth')
    .addOption(
      new Option('--validate [how]', 'unknown fields')
        .choices(Object.keys(fieldValidation))
        .preset('strict')
        .default('strict'),
    )
    .addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'))
    .action((options: ApplyOptions) => withSession(options, (session) => apply(session, options)));
  return withApiOptions(command, [
    'berth apply -f web.yaml',
    'berth apply -f manifests/ -R --dry-run=server',
    'cat web.yaml | berth apply -n shop -f -',
  ]);
}

async function apply(session: Session, options: ApplyOptions): Promise<void> {
  requireSense(options);
  const toApply = await readServed(session, options);
  if (toApply.length > 1 && !(await isAcceptable(session, toApply, options))) {
    throw new Error('nothing was changed, since not everything can be applied');
  }
  const results = new Results(options.output);
  const applied: KubeObject[] = [];
  for (const manifest of toApply) {
    try {
      applied.push(await applyOne(session, manifest, options, results));
    } catch (error) {
      const { resource, object } = manifest;
      if ((options.dryRun ?? 'none') === 'none' || !awaitsNamespace(error, toApply)) tell(error, manifest);
      else results.add(resource, object.metadata.name, `created${dryRunSuffix(options)}`, object);
    }
  }
  if (options.prune === true && applied.length === toApply.length) {
    await pruneObjects(session, applied, options, results);
  }
  results.finish();
}

function requireSense({ force, prune, pruneAllowlist, selector = '' }: ApplyOptions): void {
  if (force === true) {
    throw new UsageError('apply has no --force: --force-conflicts takes over fields, berth replace --force makes anew');
  }
  if (pruneAllowlist !== undefined && prune !== true) throw new UsageError('--prune-allowlist goes with --prune');
  if (prune === true && selector === '') {
    throw new UsageError('--prune needs the labels of what may be deleted, as -l app=web');
  }
}

/** What the files say, namespaces first, as far as the server has the kind and `-l` chooses it. Throws UsageError. */
export async function readServed(session: Session, options: ApplyOptions): Promise<ServedManifest[]> {
  const requirements = parseLabelSelector(options.selector ?? '');
  const manifests = await readManifests(options.filename ?? [], options.recursive ?? false);
  const chosen = manifests.filter(({ object }) => matchesLabels(requirements, object.metadata.labels));
  for (const { source, object } of chosen) {
    const { namespace } = object.metadata;
    if (options.namespace !== undefined && namespace !== undefined && namespace !== options.namespace) {
      const flag = `-n ${options.namespace}`;
      throw new UsageError(`${source}: metadata.namespace: is "${namespace}", which does not match ${flag}`);
    }
  }
  return namespacesFirst(servedManifests(session.names, chosen));
}

/** Whether something was refused only for its namespace, which is among what is applied and not there yet. */
export function awaitsNamespace(error: unknown, all: readonly ServedManifest[]): boolean {
  if (!hasReason(error, 'NotFound')) return false;
  const { kind, name = '' } = error.details;
  return kind === 'namespaces' && bringsNamespace(all, name);
}

/** Has the server check everything before anything is changed, and reports what it refuses. */
async function isAcceptable(
  { client, namespace }: Session,
  toApply: ServedManifest[],
  options: ApplyOptions,
): Promise<boolean> {
  const { onWarning } = client;
  client.onWarning = () => undefined; // they come when it is applied
  const checks = toApply.map((manifest) =>
    send(client, pathOf(manifest, namespace), manifest, { ...options, dryRun: 'server' }).then(
      () => true,
      (error: unknown) => {
        if (awaitsNamespace(error, toApply)) return true;
        tell(error, manifest);
        return false;
      },
    ),
  );
  const accepted = await Promise.all(checks);
  client.onWarning = onWarning;
  return accepted.every(Boolean);
}

/** Reports what is wrong with one object; throws what is wrong with all of them. */
function tell(error: unknown, { source }: ServedManifest): void {
  if (hasReason(error, 'ServiceUnavailable') || hasReason(error, 'Unauthorized')) throw error;
  reportOne(error, source);
}

/** URL path of the object that a manifest means. */
export function pathOf({ resource, object: { metadata } }: ServedManifest, namespace: string): string {
  return resourcePath(resource, metadata.namespace ?? namespace, metadata.name);
}

/** One server-side apply; resolves with what it made. */
export function send(
  client: ApiClient,
  path: string,
  { object }: ServedManifest,
  options: ApplyOptions,
): Promise<KubeObject> {
  return client.call('PATCH', path, {
    contentType: 'application/apply-patch+yaml',
    body: object,
    query: {
      fieldManager: options.fieldManager,
      fieldValidation: fieldValidation[options.validate],
      force: options.forceConflicts === true ? 'true' : undefined,
      ...dryRunQuery(options),
    },
  });
}

async function applyOne(
  { client, namespace }: Session,
  manifest: ServedManifest,
  options: ApplyOptions,
  results: Results,
): Promise<KubeObject> {
  const { resource } = manifest;
  const path = pathOf(manifest, namespace);
  const before = await readPresent(client, path);
  const after = await send(client, path, manifest, options);
  const what = before === undefined ? 'created' : isSame(before, after) ? 'unchanged' : 'configured';
  results.add(resource, after.metadata.name, what + dryRunSuffix(options), after);
  return after;
}

/** The object; undefined when there is none. */
export async function readPresent(client: ApiClient, path: string): Promise<KubeObject | undefined> {
  try {
    return await client.call<KubeObject>('GET', path);
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** Who owns a field, and what a controller reports meanwhile, is no change of the object. */
function isSame(before: KubeObject, after: KubeObject): boolean {
  const told = (object: KubeObject & { status?: unknown }): unknown => {
    const { status: _status, metadata, ...rest } = object;
    const { managedFields: _fields, resourceVersion: _version, ...shown } = metadata;
    return { ...rest, metadata: shown };
  };
  return isDeepStrictEqual(told(before), told(after));
}
