import { Command } from 'commander';
import type { KubeObject } from '../../shared/objects/types.ts';
import { awaitsNamespace, pathOf, readPresent, readServed, send, type ApplyOptions } from './apply.ts';
import { report, reportOne } from '../failure.ts';
import { maskSecrets } from '../print/mask-secrets.ts';
import { ObjectTrees } from '../print/object-trees.ts';
import { groupVersion } from '../client/resource-names.ts';
import { withFiles } from '../client/selection.ts';
import type { ServedManifest } from '../client/served-manifests.ts';
import { withApiOptions, withSession, type Session } from '../client/session.ts';

type DiffOptions = ApplyOptions & { showManagedFields?: boolean };

/** Exit code of `diff` when it could not compare; with 0 and 1 it says whether there are differences. */
const failed = 2;

/** `berth diff -f`: what `berth apply -f` would change, by a server-side dry run; exits with 1 when that is something. */
export function diffCommand(): Command {
  const command = withFiles(new Command('diff'), 'what would be applied')
    .description('Show what apply would change')
    .option('-l, --selector <labels>', 'only what has these labels, as app=web')
    .option('--force-conflicts', 'as if fields that others have set were taken over')
    .option('--server-side', 'for kubectl users: this is always so')
    .option('--field-manager <name>', 'who would own the fields', 'berth')
    .option('--show-managed-fields', 'compare metadata.managedFields too')
    .action((options: DiffOptions) =>
      withSession(options, (session) => diff(session, options)).catch((error: unknown) => {
        process.exitCode = Math.max(report(error), failed);
      }),
    );
  return withApiOptions(command, [
    'berth diff -f web.yaml',
    'berth diff -f manifests/ -R',
    "KUBECTL_EXTERNAL_DIFF='diff -u --color=always' berth diff -f web.yaml",
  ]);
}

async function diff(session: Session, options: DiffOptions): Promise<void> {
  const manifests = await readServed(session, options);
  const trees = new ObjectTrees();
  const compared = manifests.map((manifest) =>
    compare(session, manifest, manifests, options)
      .then(([before, after]) => trees.add(fileName(session, manifest), before, after))
      .catch((error: unknown) => {
        reportOne(error, manifest.source);
        process.exitCode = failed;
      }),
  );
  await Promise.all(compared);
  const code = await trees.compare();
  process.exitCode ??= code > 1 ? failed : code;
}

/** `apps.v1.Deployment.default.web`, as kubectl names the files. */
function fileName({ namespace }: Session, { resource, object: { metadata } }: ServedManifest): string {
  const type = `${groupVersion(resource).replace('/', '.')}.${resource.kind}`;
  return `${type}.${resource.namespaced ? (metadata.namespace ?? namespace) : ''}.${metadata.name}`;
}

/** The object as it is, undefined when there is none, and as it would be. */
async function compare(
  { client, namespace }: Session,
  manifest: ServedManifest,
  all: readonly ServedManifest[],
  options: DiffOptions,
): Promise<[KubeObject | undefined, KubeObject]> {
  client.onWarning = () => undefined; // they come when it is applied
  const path = pathOf(manifest, namespace);
  const [before, after] = await Promise.all([
    readPresent(client, path),
    send(client, path, manifest, { ...options, validate: 'strict', dryRun: 'server' }).catch((error: unknown) => {
      if (awaitsNamespace(error, all)) return manifest.object;
      throw error;
    }),
  ]);
  const shown = options.showManagedFields === true ? [before, after] : [before, after].map(withoutManagedFields);
  return maskSecrets(shown[0], shown[1] ?? after);
}

function withoutManagedFields(object: KubeObject | undefined): KubeObject | undefined {
  if (object === undefined) return undefined;
  const { managedFields: _fields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
