import { Command, Option } from 'commander';
import type { CronJob, Stored } from '../../shared/objects/types.ts';
import { parseWhole } from '../durations.ts';
import { parseTargets, resourcePath } from '../client/resource-names.ts';
import type { Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';
import { collect, creating, type CreateOptions, type NewObject } from './creating.ts';

interface WorkloadOptions extends CreateOptions {
  image: string[];
  replicas?: number;
  port?: number;
}

interface JobOptions extends CreateOptions {
  image?: string;
  from?: string;
  restart: string;
  schedule: string;
}

/** `create deployment web --image=nginx -- command`. */
export function deploymentCommand(): Command {
  const command = new Command('deployment')
    .alias('deploy')
    .description('Pods of an image, kept running')
    .argument('<name>', 'its name')
    .argument('[command...]', 'what runs instead of the image’s own command, after --')
    .requiredOption('--image <image>', 'the image; repeated for several containers', collect)
    .option('-r, --replicas <count>', 'how many pods', parseWhole, 1)
    .option('--port <number>', 'the port that it listens on', parseWhole);
  return creating<WorkloadOptions>(command, makeDeployment, [
    'berth create deployment web --image=nginx:1.27 --replicas=2 --port=80',
    'berth create deployment idle --image=busybox -- sleep 1000',
  ]);
}

function makeDeployment([name = '', ...words]: string[], { image, replicas, port }: WorkloadOptions): NewObject {
  if (image.length > 1 && words.length > 0) throw new UsageError('a command needs one image, not several');
  const labels = { app: name };
  const containers = image.map((each) => ({
    name: nameOfImage(each),
    image: each,
    ...(words.length > 0 && { command: words }),
    ...(port !== undefined && { ports: [{ containerPort: port }] }),
  }));
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

/** `registry/team/web_app:1` is `web-app`. */
function nameOfImage(image: string): string {
  const last = image.split('/').at(-1) ?? image;
  return last
    .replace(/[:@].*$/s, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-');
}

/** `create job once --image=busybox -- command`, or one run of a CronJob now. */
export function jobCommand(): Command {
  const command = new Command('job')
    .description('Pods that run until they have succeeded')
    .argument('<name>', 'its name')
    .argument('[command...]', 'what runs, after --')
    .option('--image <image>', 'the image')
    .option('--from <cronjob/name>', 'a run of this CronJob now');
  return creating<JobOptions>(command, makeJob, [
    'berth create job once --image=busybox -- echo done',
    'berth create job backup-now --from=cronjob/backup',
  ]);
}

async function makeJob(
  [name = '', ...words]: string[],
  { image, from }: JobOptions,
  session: Session,
): Promise<NewObject> {
  if ((image === undefined) === (from === undefined))
    throw new UsageError('either --image or --from must be specified');
  if (from !== undefined) return makeRun(session, name, from, words);
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: jobSpec(name, image ?? '', words, 'Never') };
}

function jobSpec(name: string, image: string, command: string[], restartPolicy: string): object {
  const container = { name, image, ...(command.length > 0 && { command }) };
  return { template: { spec: { containers: [container], restartPolicy } } };
}

async function makeRun(
  { client, names, namespace }: Session,
  name: string,
  from: string,
  words: string[],
): Promise<NewObject> {
  if (words.length > 0) throw new UsageError('cannot specify --from and command');
  const [target] = parseTargets([from], names);
  if (target?.resource.kind !== 'CronJob' || target.name === undefined) {
    throw new UsageError(`--from must be an existing cronjob, as cronjob/backup, not "${from}"`);
  }
  const cronJob = await client.call<Stored<CronJob>>('GET', resourcePath(target.resource, namespace, target.name));
  const { metadata, spec } = cronJob.spec?.jobTemplate ?? {};
  const { uid } = cronJob.metadata;
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: target.name, uid, controller: true };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      labels: metadata?.labels ?? {},
      annotations: { ...metadata?.annotations, 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [owner],
    },
    spec,
  };
}

/** `create cronjob backup --image=busybox --schedule="0 3 * * *" -- command`. */
export function cronJobCommand(): Command {
  const command = new Command('cronjob')
    .alias('cj')
    .description('Jobs at certain times')
    .argument('<name>', 'its name')
    .argument('[command...]', 'what runs, after --')
    .requiredOption('--image <image>', 'the image')
    .requiredOption('--schedule <cron>', 'when, as "0 3 * * *"')
    .addOption(
      new Option('--restart <policy>', 'when a pod fails').choices(['OnFailure', 'Never']).default('OnFailure'),
    );
  return creating<JobOptions>(command, makeCronJob, [
    "berth create cronjob backup --image=busybox --schedule='0 3 * * *' -- echo saved",
  ]);
}

function makeCronJob([name = '', ...words]: string[], { image = '', schedule, restart }: JobOptions): NewObject {
  const spec = { schedule, jobTemplate: { metadata: { name }, spec: jobSpec(name, image, words, restart) } };
  return { apiVersion: 'batch/v1', kind: 'CronJob', metadata: { name }, spec };
}
