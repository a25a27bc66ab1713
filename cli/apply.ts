import { Command } from 'commander';
import { hasReason, messageOf } from '../shared/errors.ts';
import type { KubeObject } from '../shared/objects/types.ts';
import type { ApiClient } from './client.ts';
import { readManifests, type Manifest } from './manifests.ts';
import { printValue } from './output.ts';
import { objectLabel, resourcePath, type ServedResource } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from './session.ts';

interface ApplyOptions extends ApiOptions {
  filename: string[];
  recursive?: boolean;
  dryRun?: string;
  forceConflicts?: boolean;
  validate: string;
  output?: string;
}

const fieldValidation: Record<string, string> = {
  strict: 'Strict',
  true: 'Strict',
  warn: 'Warn',
  ignore: 'Ignore',
  false: 'Ignore',
};

/** `berth apply -f`: server-side apply of each object, in order. One bad object does not keep the others from being applied. */
export function applyCommand(): Command {
  return withApiOptions(new Command('apply'))
    .description('Create or change objects so that they match the manifests')
    .requiredOption('-f, --filename <path...>', 'files, directories or - for standard input')
    .option('-R, --recursive', 'look into directories below')
    .option('--dry-run <how>', 'server: check and show, store nothing')
    .option('--force-conflicts', 'take over fields that others have set')
    .option('--validate <how>', 'unknown fields: strict, warn or ignore', 'strict')
    .option('-o, --output <format>', 'print the objects: json, yaml or name')
    .action((options: ApplyOptions) => withSession(options, (session) => apply(session, options)));
}

async function apply(session: Session, options: ApplyOptions): Promise<void> {
  const manifests = await readManifests(options.filename, options.recursive ?? false);
  const applied: KubeObject[] = [];
  for (const manifest of manifests) {
    try {
      applied.push(await applyOne(session, manifest, options));
    } catch (error) {
      process.stderr.write(`error: ${manifest.source}: ${messageOf(error)}\n`);
      process.exitCode = 1;
    }
  }
  if (options.output === undefined || options.output === 'name' || applied.length === 0) return;
  const [only] = applied;
  printValue(applied.length === 1 ? only : { apiVersion: 'v1', kind: 'List', items: applied }, options.output);
}

async function applyOne(
  { client, names, namespace }: Session,
  { object }: Manifest,
  options: ApplyOptions,
): Promise<KubeObject> {
  const resource = names.findKind(object.apiVersion, object.kind);
  const path = resourcePath(resource, object.metadata.namespace ?? namespace, object.metadata.name);
  const before = await readVersion(client, path);
  const result = await client.call<KubeObject>('PATCH', path, {
    contentType: 'application/apply-patch+yaml',
    body: object,
    query: {
      fieldManager: 'berth',
      fieldValidation: fieldValidation[options.validate],
      force: options.forceConflicts === true ? 'true' : undefined,
      dryRun: options.dryRun === 'server' ? 'All' : undefined,
    },
  });
  if (options.output === undefined) process.stdout.write(`${describeResult(resource, result, before, options)}\n`);
  if (options.output === 'name') process.stdout.write(`${objectLabel(resource, result.metadata.name)}\n`);
  return result;
}

async function readVersion(client: ApiClient, path: string): Promise<string | undefined> {
  try {
    return (await client.call<KubeObject>('GET', path)).metadata.resourceVersion;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

function describeResult(
  resource: ServedResource,
  object: KubeObject,
  before: string | undefined,
  options: ApplyOptions,
): string {
  const what =
    before === undefined ? 'created' : before === object.metadata.resourceVersion ? 'unchanged' : 'configured';
  const dry = options.dryRun === undefined ? '' : ' (server dry run)';
  return `${objectLabel(resource, object.metadata.name)} ${what}${dry}`;
}
