import { Command } from 'commander';
import { envCommand } from './set-env.ts';
import { patchContainers, setAll, setting, type SetOptions } from './setting.ts';
import { withApiOptions } from '../client/session.ts';
import { collect } from '../create/creating.ts';
import { containersNamed } from '../pods/pod-template.ts';
import { formatExamples } from '../examples.ts';
import { UsageError } from '../usage.ts';

/** `berth set image|env|resources|serviceaccount`: of the pods of whatever makes them. */
export function setCommand(): Command {
  const command = new Command('set')
    .description('Change images, environment, resources and account of pods')
    .addCommand(imageCommand())
    .addCommand(envCommand())
    .addCommand(resourcesCommand())
    .addCommand(accountCommand());
  // Flags of its own would be taken from the words of the commands below, -n too.
  return command.addHelpText('after', formatExamples(['berth set image deployment/web web=nginx:1.27']));
}

function imageCommand(): Command {
  const command = setting('image', 'CONTAINER=IMAGE…, * for all containers').description('Change images');
  command.action((words: string[], options: SetOptions) => {
    const { targets, images } = splitImages(words);
    if (images.length === 0) throw new UsageError('name the image, as web=nginx:1.27');
    return setAll(targets, options, 'image updated', () => (spec) => {
      const changes = images.flatMap(([pattern, image]) =>
        containersNamed(spec, pattern).map((listed) => ({ ...listed, image })),
      );
      return patchContainers(changes, ({ image }) => ({ image }));
    });
  });
  return withApiOptions(command, [
    'berth set image deployment/web web=nginx:1.27',
    "berth set image deployments --all '*=nginx:1.27'",
  ]);
}

function splitImages(words: readonly string[]): { targets: string[]; images: [string, string][] } {
  const images = words
    .filter((word) => word.includes('='))
    .map((word): [string, string] => {
      const [container = '', image = ''] = word.split(/=(.*)/s);
      return [container, image];
    });
  return { targets: words.filter((word) => !word.includes('=')), images };
}

function resourcesCommand(): Command {
  const command = setting('resources', '')
    .description('Change requests and limits')
    .option('-c, --containers <name>', 'of which container', '*')
    .option('--limits <resource=amount>', 'at most, as cpu=500m,memory=256Mi', collect)
    .option('--requests <resource=amount>', 'at least', collect);
  command.action((words: string[], options: SetOptions & { limits?: string[]; requests?: string[] }) => {
    const { limits, requests } = options;
    if (limits === undefined && requests === undefined) throw new UsageError('you must specify --limits or --requests');
    const resources = { ...(limits && { limits: amounts(limits) }), ...(requests && { requests: amounts(requests) }) };
    return setAll(words, options, 'resource requirements updated', () => (spec) => {
      return patchContainers(containersNamed(spec, options.containers), () => ({ resources }));
    });
  });
  return withApiOptions(command, [
    'berth set resources deployment/web --requests=cpu=100m --limits=cpu=500m,memory=256Mi',
  ]);
}

function amounts(words: readonly string[]): Record<string, string> {
  const wrong = words.find((word) => !/^[^=]+=[^=]+$/.test(word));
  if (wrong !== undefined) throw new UsageError(`"${wrong}" is not RESOURCE=AMOUNT, as cpu=500m`);
  return Object.fromEntries(words.map((word) => word.split('=') as [string, string]));
}

function accountCommand(): Command {
  const command = setting('serviceaccount', 'the name of the account')
    .alias('sa')
    .description('Change the ServiceAccount');
  command.action((words: string[], options: SetOptions) => {
    const name = words.at(-1) ?? '';
    if (name === '' || name.includes('/')) throw new UsageError('name the account last, as deployment/web builder');
    const account = { serviceAccountName: name, serviceAccount: name };
    return setAll(words.slice(0, -1), options, 'serviceaccount updated', () => () => account);
  });
  return withApiOptions(command, ['berth set serviceaccount deployment/web builder']);
}
