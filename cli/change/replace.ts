import { Command } from 'commander';
import { hasReason } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { parseDurationMs } from '../durations.ts';
import { reportOne } from '../failure.ts';
import { readManifests } from '../client/manifests.ts';
import { outputOption } from '../print/output.ts';
import { resourcePath } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import { pathOf, withFiles, type FileOptions, type ObjectRef } from '../client/selection.ts';
import { servedManifests, type ServedManifest } from '../client/served-manifests.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { waitFor } from '../show/watching.ts';

interface ReplaceOptions extends ApiOptions, FileOptions {
  force?: boolean;
  timeout: number;
  dryRun?: DryRun;
  output?: string;
}

/** `berth replace -f`: the object becomes what the file says, whoever has set what; with `--force` it is made anew. */
export function replaceCommand(): Command {
  const command = withFiles(new Command('replace'), 'what takes the place of the objects of these names')
    .description('Make objects what files say, as a whole')
    .option('--force', 'delete them and create them again')
    .option('--timeout <duration>', 'how long to wait for each to be gone', parseDurationMs, 120_000)
    .addOption(dryRunOption())
    .addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'))
    .action((options: ReplaceOptions) => withSession(options, (session) => replaceAll(session, options)));
  return withApiOptions(command, [
    'berth get deployment web -o yaml | sed s/nginx:1/nginx:2/ | berth replace -f -',
    'berth replace --force -f pod.yaml',
  ]);
}

async function replaceAll(session: Session, options: ReplaceOptions): Promise<void> {
  const manifests = await readManifests(options.filename ?? [], options.recursive ?? false);
  const results = new Results(options.output);
  for (const manifest of servedManifests(session.names, manifests)) {
    await replaceOne(session, manifest, options, results).catch((error: unknown) => reportOne(error, manifest.source));
  }
  results.finish();
}

async function replaceOne(
  session: Session,
  { resource, object }: ServedManifest,
  options: ReplaceOptions,
  results: Results,
): Promise<void> {
  const { name, namespace = session.namespace } = object.metadata;
  const ref = { resource, namespace, name };
  const query = { fieldManager: 'berth-replace', fieldValidation: 'Strict', ...dryRunQuery(options) };
  const isNew = options.force === true && (options.dryRun ?? 'none') === 'none';
  if (isNew) await removeWhole(session, ref, options.timeout);
  const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
  const made = isNew
    ? await session.client.call<KubeObject>('POST', resourcePath(resource, namespace), {
        query,
        body: { ...object, metadata },
      })
    : await session.client.call<KubeObject>('PUT', pathOf(ref), { query, body: object });
  results.add(resource, name, `replaced${dryRunSuffix(options)}`, made);
}

/** Deletes an object at once and waits until it is gone; one that is not there is gone. */
async function removeWhole(session: Session, ref: ObjectRef, timeoutMs: number): Promise<void> {
  try {
    const body = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, propagationPolicy: 'Background' };
    await session.client.call('DELETE', pathOf(ref), { body });
  } catch (error) {
    if (!hasReason(error, 'NotFound')) throw error;
  }
  await waitFor(session, ref, 'deletion', timeoutMs, (object) => object === undefined);
}
