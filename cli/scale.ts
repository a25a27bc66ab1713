import { Command } from 'commander';
import { objectLabel, parseTargets, resourcePath } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions } from './session.ts';
import { printValue } from './output.ts';
import { UsageError } from './usage.ts';

interface ScaleOptions extends ApiOptions {
  replicas: string;
  currentReplicas?: string;
  output?: string;
}

interface Scale {
  spec: { replicas?: number };
}

/** `berth scale`: through the object's scale subresource. */
export function scaleCommand(): Command {
  return withApiOptions(new Command('scale'))
    .description('Set the number of replicas: berth scale deployment/web --replicas=3')
    .argument('<type...>', 'TYPE NAME… or TYPE/NAME…')
    .requiredOption('--replicas <count>', 'how many')
    .option('--current-replicas <count>', 'only if there are this many now')
    .option('-o, --output <format>', 'print the scale: json or yaml')
    .action((words: string[], options: ScaleOptions) =>
      withSession(options, async ({ client, names, namespace }) => {
        const replicas = Number(options.replicas);
        if (!Number.isSafeInteger(replicas) || replicas < 0) throw new UsageError('--replicas is a number from 0 on');
        for (const { resource, name } of parseTargets(words, names)) {
          if (name === undefined) throw new UsageError(`name the ${resource.singular} to scale`);
          const path = `${resourcePath(resource, namespace, name)}/scale`;
          const now = await client.call<Scale>('GET', path);
          if (options.currentReplicas !== undefined && now.spec.replicas !== Number(options.currentReplicas)) {
            throw new Error(
              `${objectLabel(resource, name)} has ${now.spec.replicas} replicas, not ${options.currentReplicas}`,
            );
          }
          const scaled = await client.call<Scale>('PATCH', path, {
            body: { spec: { replicas } },
            contentType: 'application/merge-patch+json',
            query: { fieldManager: 'berth-scale' },
          });
          if (options.output === undefined) process.stdout.write(`${objectLabel(resource, name)} scaled\n`);
          else printValue(scaled, options.output);
        }
      }),
    );
}
