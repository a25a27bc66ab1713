import { Command } from 'commander';
import type { Deployment, KubeObject, Pod, Stored } from '../shared/objects/types.ts';
import { parseTargets, resourcePath } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from './session.ts';
import { UsageError } from './usage.ts';
import { parseDurationMs } from './wait.ts';

interface LogsOptions extends ApiOptions {
  container?: string;
  follow?: boolean;
  previous?: boolean;
  tail?: string;
  since?: string;
  sinceTime?: string;
  timestamps?: boolean;
  limitBytes?: string;
  selector?: string;
  prefix?: boolean;
}

/** `berth logs`: of a pod, of a deployment's first pod, of all pods with a label; also of a pod that is gone. */
export function logsCommand(): Command {
  return withApiOptions(new Command('logs'))
    .description("Show a container's output, also of a pod that is gone")
    .argument('[pod]', 'POD or TYPE/NAME')
    .option('-c, --container <name>', 'which container')
    .option('-f, --follow', 'go on with new lines')
    .option('-p, --previous', 'of the container before its last restart')
    .option('--tail <lines>', 'only the last lines')
    .option('--since <duration>', 'only lines of the last 5s, 2m, 3h')
    .option('--since-time <time>', 'only lines after this RFC 3339 time')
    .option('--timestamps', 'with the time of each line')
    .option('--limit-bytes <bytes>', 'at most so much')
    .option('-l, --selector <labels>', 'of all pods with these labels')
    .option('--prefix', 'begin each line with the pod name')
    .action((word: string | undefined, options: LogsOptions) =>
      withSession(options, (session) => logs(session, word, options)),
    );
}

async function logs(session: Session, word: string | undefined, options: LogsOptions): Promise<void> {
  const pods = await findPods(session, word, options);
  if (pods.length === 0) throw new Error('no matching pods found');
  await Promise.all(pods.map((pod) => printLog(session, pod, options, options.prefix === true)));
}

async function findPods(session: Session, word: string | undefined, options: LogsOptions): Promise<string[]> {
  if (options.selector !== undefined) return podsBySelector(session, options.selector);
  if (word === undefined) throw new UsageError('name a pod, or use -l');
  if (!word.includes('/')) return [word];
  const [target] = parseTargets([word], session.names);
  if (target?.name === undefined) throw new UsageError(`"${word}" is not TYPE/NAME`);
  if (target.resource.kind === 'Pod') return [target.name];
  const owner = await session.client.call<Stored<Deployment>>(
    'GET',
    resourcePath(target.resource, session.namespace, target.name),
  );
  const labels = owner.spec?.selector.matchLabels;
  if (labels === undefined) throw new UsageError(`${word} selects no pods`);
  const pods = await podsBySelector(
    session,
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
  );
  const [first] = pods;
  if (pods.length > 1) process.stderr.write(`Found ${pods.length} pods, using pod/${first}\n`);
  return first === undefined ? [] : [first];
}

async function podsBySelector({ client, names, namespace }: Session, selector: string): Promise<string[]> {
  const path = resourcePath(names.findKind('v1', 'Pod'), namespace);
  const { items } = await client.call<{ items: (KubeObject & Pod)[] }>('GET', path, {
    query: { labelSelector: selector },
  });
  return items
    .sort((a, b) => Number(b.status?.phase === 'Running') - Number(a.status?.phase === 'Running'))
    .map(({ metadata }) => metadata.name);
}

async function printLog(
  { client, names, namespace }: Session,
  pod: string,
  options: LogsOptions,
  prefix: boolean,
): Promise<void> {
  const path = `${resourcePath(names.findKind('v1', 'Pod'), namespace, pod)}/log`;
  const tail = options.tail ?? (options.selector === undefined ? undefined : '10');
  const response = await client.open('GET', path, {
    accept: '*/*',
    query: {
      container: options.container,
      follow: options.follow === true ? 'true' : undefined,
      previous: options.previous === true ? 'true' : undefined,
      tailLines: tail === '-1' ? undefined : tail,
      sinceSeconds:
        options.since === undefined ? undefined : String(Math.max(1, Math.ceil(parseDurationMs(options.since) / 1000))),
      sinceTime: options.sinceTime,
      timestamps: options.timestamps === true ? 'true' : undefined,
      limitBytes: options.limitBytes,
    },
  });
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response as AsyncIterable<string>) {
    if (!prefix) {
      process.stdout.write(chunk);
      continue;
    }
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) process.stdout.write(`[pod/${pod}] ${line}\n`);
  }
  if (rest !== '') process.stdout.write(`[pod/${pod}] ${rest}\n`);
}
