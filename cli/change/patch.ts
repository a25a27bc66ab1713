import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { messageOf } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { readYaml } from '../../shared/yaml.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { reportOne } from '../failure.ts';
import { outputOption } from '../print/output.ts';
import { Results } from '../print/results.ts';
import { pathOf, selectObjects, withFiles, type FileOptions, type ObjectRef } from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface PatchOptions extends ApiOptions, FileOptions {
  patch?: string;
  patchFile?: string;
  type: string;
  subresource?: string;
  dryRun?: DryRun;
  output?: string;
}

const contentTypes: Readonly<Record<string, string>> = {
  strategic: 'application/strategic-merge-patch+json',
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
};

/** `berth patch deployment web -p '{"spec":{"replicas":2}}'`: the server does the merging. */
export function patchCommand(): Command {
  const command = withFiles(new Command('patch'), 'patch what these name')
    .description('Change some fields of objects')
    .argument('[type...]', 'TYPE NAME… or TYPE/NAME…')
    .option('-p, --patch <patch>', 'what to change, in JSON or YAML')
    .option('--patch-file <path>', 'a file that says what to change')
    .addOption(
      new Option('--type <how>', 'how the patch is meant').choices(Object.keys(contentTypes)).default('strategic'),
    )
    .option('--subresource <name>', 'change this part: status or scale')
    .addOption(dryRunOption())
    .addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'))
    .action((words: string[], options: PatchOptions) =>
      withSession(options, async (session) => {
        const patch = readPatch(options);
        const results = new Results(options.output);
        for (const ref of await selectObjects(session, words, options)) {
          await patchOne(session, ref, patch, options, results).catch((error: unknown) => reportOne(error));
        }
        results.finish();
      }),
    );
  return withApiOptions(command, [
    `berth patch deployment web -p '{"spec":{"replicas":2}}'`,
    'berth patch deployment/web --type=merge --patch-file=change.yaml',
    `berth patch service web --type=json -p '[{"op":"replace","path":"/spec/ports/0/port","value":81}]'`,
  ]);
}

function readPatch({ patch, patchFile }: PatchOptions): unknown {
  if ((patch === undefined) === (patchFile === undefined)) {
    throw new UsageError('must specify one of --patch or --patch-file containing the contents of the patch');
  }
  const source = patchFile ?? '--patch';
  try {
    const value = readYaml(patch ?? readFileSync(patchFile ?? '', 'utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch (error) {
    throw new UsageError(`unable to read ${source}: ${messageOf(error)}`, { cause: error });
  }
  throw new UsageError(`unable to parse ${source}: it is neither an object nor a list`);
}

async function patchOne(
  { client }: Session,
  ref: ObjectRef,
  patch: unknown,
  options: PatchOptions,
  results: Results,
): Promise<void> {
  const path = options.subresource === undefined ? pathOf(ref) : `${pathOf(ref)}/${options.subresource}`;
  const before = await client.call<KubeObject>('GET', path);
  const after = await client.call<KubeObject>('PATCH', path, {
    body: patch,
    contentType: contentTypes[options.type] ?? '',
    query: { fieldManager: 'berth-patch', fieldValidation: 'Strict', ...dryRunQuery(options) },
  });
  const isSame = before.metadata.resourceVersion === after.metadata.resourceVersion && !dryRunQuery(options).dryRun;
  results.add(ref.resource, ref.name, `patched${dryRunSuffix(options)}${isSame ? ' (no change)' : ''}`, after);
}
