import { Command } from 'commander';
import type { KubeObject } from '../../shared/objects/types.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { parseWhole } from '../durations.ts';
import { reportOne } from '../failure.ts';
import { outputOption } from '../print/output.ts';
import { objectLabel } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import {
  pathOf,
  selectObjects,
  withFiles,
  withSelector,
  type ObjectRef,
  type SelectOptions,
} from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';

interface ScaleOptions extends ApiOptions, SelectOptions {
  replicas: number;
  currentReplicas?: number;
  dryRun?: DryRun;
  output?: string;
}

type Scale = KubeObject & { spec: { replicas?: number } };

/** `berth scale`: through the scale subresource of each object. */
export function scaleCommand(): Command {
  const command = withSelector(withFiles(new Command('scale'), 'scale what these name'))
    .description('Set the number of replicas')
    .argument('[type...]', 'TYPE NAME…, TYPE/NAME…, or TYPE with -l or --all')
    .requiredOption('--replicas <count>', 'how many', parseWhole)
    .option('--current-replicas <count>', 'only where there are this many now', parseWhole)
    .addOption(dryRunOption())
    .addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'))
    .action((words: string[], options: ScaleOptions) =>
      withSession(options, async (session) => {
        const results = new Results(options.output);
        for (const ref of await selectObjects(session, words, options)) {
          await scaleOne(session, ref, options, results).catch((error: unknown) => reportOne(error));
        }
        results.finish();
      }),
    );
  return withApiOptions(command, [
    'berth scale deployment/web --replicas=3',
    'berth scale deployment web api --replicas=2',
    'berth scale deployments -l tier=front --replicas=0 --current-replicas=1',
  ]);
}

async function scaleOne({ client }: Session, ref: ObjectRef, options: ScaleOptions, results: Results): Promise<void> {
  const { replicas, currentReplicas } = options;
  const path = `${pathOf(ref)}/scale`;
  const { spec, metadata } = await client.call<Scale>('GET', path);
  if (currentReplicas !== undefined && (spec.replicas ?? 0) !== currentReplicas) {
    throw new Error(`${objectLabel(ref.resource, ref.name)} has ${spec.replicas} replicas, not ${currentReplicas}`);
  }
  const { resourceVersion } = metadata;
  const scaled = await client.call<Scale>('PATCH', path, {
    body: { ...(currentReplicas !== undefined && { metadata: { resourceVersion } }), spec: { replicas } },
    contentType: 'application/merge-patch+json',
    query: { fieldManager: 'berth-scale', ...dryRunQuery(options) },
  });
  results.add(ref.resource, ref.name, `scaled${dryRunSuffix(options)}`, scaled);
}
