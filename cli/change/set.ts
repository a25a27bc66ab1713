import { Command } from 'commander';
import type { KubeObject, PodSpec } from '../../shared/objects/types.ts';
import { collect } from '../create/creating.ts';
import { dryRunOption, dryRunQuery, dryRunSuffix, type DryRun } from '../dry-run.ts';
import { reportOne } from '../failure.ts';
import { parseKeyChange, splitWords, type KeyChange } from '../key-values.ts';
import { outputOption } from '../print/output.ts';
import { containersNamed, patchOfPodSpec, podSpecOf, type Listed } from '../pods/pod-template.ts';
import { objectLabel } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import { pathOf, selectObjects, withFiles, withSelector, type SelectOptions } from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface SetOptions extends ApiOptions, SelectOptions {
  containers: string;
  list?: boolean;
  limits?: string[];
  requests?: string[];
  dryRun?: DryRun;
  output?: string;
}

/** Changes of containers, by list. */
type Change = (spec: PodSpec) => { list: Listed['list']; change: object }[];

/** `berth set image|env|resources`: of the containers of whatever makes pods. */
export function setCommand(): Command {
  const command = new Command('set')
    .description('Change images, environment and resources of containers')
    .addCommand(imageCommand())
    .addCommand(envCommand())
    .addCommand(resourcesCommand());
  return withApiOptions(command, ['berth set image deployment/web web=nginx:1.27']);
}

function imageCommand(): Command {
  const command = setting('image', 'CONTAINER=IMAGE…, * for all containers').description('Change images');
  command.action((words: string[], options: SetOptions) => {
    const { targets, images } = splitImages(words);
    if (images.length === 0) throw new UsageError('name the image, as web=nginx:1.27');
    return setAll(targets, options, 'image updated', (spec) =>
      images.flatMap(([pattern, image]) =>
        containersNamed(spec, pattern).map(({ list, container }) => ({
          list,
          change: { name: container.name, image },
        })),
      ),
    );
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

function envCommand(): Command {
  const command = setting('env', 'KEY=VALUE… and KEY-… to remove')
    .description('Change the environment')
    .option('-c, --containers <name>', 'of which container', '*')
    .option('--list', 'show it');
  command.action((words: string[], options: SetOptions) => {
    const { targets, changes } = splitWords(words);
    if (options.list === true) return listAll(targets, options);
    if (changes.length === 0)
      throw new UsageError('at least one environment variable must be provided, as LEVEL=debug');
    const env = toEnv(parseKeyChange(changes));
    return setAll(targets, options, 'env updated', (spec) =>
      containersNamed(spec, options.containers).map(({ list, container: { name } }) => ({
        list,
        change: { name, env },
      })),
    );
  });
  return withApiOptions(command, [
    'berth set env deployment/web LEVEL=debug OLD-',
    'berth set env deployment/web -c web --list',
  ]);
}

function toEnv(change: KeyChange): object[] {
  return Object.entries(change).map(([name, value]) =>
    value === null ? { name, $patch: 'delete' } : { name, value, valueFrom: null },
  );
}

function resourcesCommand(): Command {
  const command = setting('resources', '')
    .description('Change requests and limits')
    .option('-c, --containers <name>', 'of which container', '*')
    .option('--limits <resource=amount>', 'at most, as cpu=500m,memory=256Mi', collect)
    .option('--requests <resource=amount>', 'at least', collect);
  command.action((words: string[], options: SetOptions) => {
    const { limits, requests } = options;
    if (limits === undefined && requests === undefined) throw new UsageError('you must specify --limits or --requests');
    const resources = { ...(limits && { limits: amounts(limits) }), ...(requests && { requests: amounts(requests) }) };
    return setAll(words, options, 'resource requirements updated', (spec) =>
      containersNamed(spec, options.containers).map(({ list, container: { name } }) => ({
        list,
        change: { name, resources },
      })),
    );
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

function setting(name: string, changes: string): Command {
  return withSelector(withFiles(new Command(name), 'change what these name'))
    .argument('[word...]', `TYPE NAME… or TYPE/NAME…${changes === '' ? '' : `, then ${changes}`}`)
    .addOption(dryRunOption())
    .addOption(outputOption('json', 'yaml', 'name', 'jsonpath=…'));
}

async function setAll(words: string[], options: SetOptions, done: string, plan: Change): Promise<void> {
  await withSession(options, async (session) => {
    const results = new Results(options.output);
    await eachTemplate(session, words, options, async (ref, spec) => {
      const changes = Map.groupBy(plan(spec), ({ list }) => list);
      const lists = Object.fromEntries([...changes].map(([list, each]) => [list, each.map(({ change }) => change)]));
      const changed = await session.client.call<KubeObject>('PATCH', pathOf(ref), {
        body: patchOfPodSpec(ref.resource, lists),
        contentType: 'application/strategic-merge-patch+json',
        query: { fieldManager: 'berth-set', fieldValidation: 'Strict', ...dryRunQuery(options) },
      });
      results.add(ref.resource, ref.name, `${done}${dryRunSuffix(options)}`, changed);
    });
    results.finish();
  });
}

async function listAll(words: string[], options: SetOptions): Promise<void> {
  await withSession(options, (session) =>
    eachTemplate(session, words, options, (ref, spec) => {
      for (const { container } of containersNamed(spec, options.containers)) {
        process.stdout.write(`# ${objectLabel(ref.resource, ref.name)}, container ${container.name}\n`);
        for (const { name, value, valueFrom } of container.env ?? []) {
          process.stdout.write(
            valueFrom === undefined ? `${name}=${value ?? ''}\n` : `# ${name} from ${JSON.stringify(valueFrom)}\n`,
          );
        }
      }
      return Promise.resolve();
    }),
  );
}

type EachTemplate = (ref: Awaited<ReturnType<typeof selectObjects>>[number], spec: PodSpec) => Promise<void>;

async function eachTemplate(session: Session, words: string[], options: SetOptions, work: EachTemplate): Promise<void> {
  for (const ref of await selectObjects(session, words, options)) {
    const change = async (): Promise<void> => {
      const object = await session.client.call<KubeObject>('GET', pathOf(ref));
      await work(ref, podSpecOf(ref.resource, object));
    };
    await change().catch((error: unknown) => reportOne(error));
  }
}
