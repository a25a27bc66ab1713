import { Command } from 'commander';
import { createOne, withCreateFlags, type CreateOptions, type NewObject } from '../create/creating.ts';
import { parseWhole } from '../durations.ts';
import { groupVersion } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import { pathOf, selectObjects, withFiles, type FileOptions, type ObjectRef } from '../client/selection.ts';
import { withApiOptions, withSession } from '../client/session.ts';

interface AutoscaleOptions extends CreateOptions, FileOptions {
  max: number;
  min?: number;
  cpuPercent?: number;
  name?: string;
}

/** `berth autoscale deployment web --max=5`: a HorizontalPodAutoscaler for it. */
export function autoscaleCommand(): Command {
  const command = withCreateFlags(withFiles(new Command('autoscale'), 'what these name'))
    .description('Make a HorizontalPodAutoscaler for an object')
    .argument('[type...]', 'TYPE NAME or TYPE/NAME')
    .requiredOption('--max <count>', 'not more pods than these', parseWhole)
    .option('--min <count>', 'not fewer', parseWhole)
    .option('--cpu-percent <number>', 'how much of the requested CPU pods should use', parseWhole)
    .option('--name <name>', 'of the autoscaler (default: the name of the object)')
    .action((words: string[], options: AutoscaleOptions) =>
      withSession(options, async (session) => {
        const results = new Results(options.output);
        for (const ref of await selectObjects(session, words, options)) {
          await session.client.call('GET', `${pathOf(ref)}/scale`);
          await createOne(session, makeAutoscaler(ref, options), options, results, 'autoscaled');
        }
        results.finish();
      }),
    );
  return withApiOptions(command, ['berth autoscale deployment web --min=2 --max=5 --cpu-percent=80']);
}

function makeAutoscaler({ resource, name }: ObjectRef, options: AutoscaleOptions): NewObject {
  const { max, min, cpuPercent } = options;
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: options.name ?? name },
    spec: {
      scaleTargetRef: { apiVersion: groupVersion(resource), kind: resource.kind, name },
      maxReplicas: max,
      ...(min !== undefined && { minReplicas: min }),
      ...(cpuPercent !== undefined && { targetCPUUtilizationPercentage: cpuPercent }),
    },
  };
}
