import { Command } from 'commander';
import { parseDurationMs, parseWhole } from '../durations.ts';
import { describeFailure, reportOne } from '../failure.ts';
import { chooseContainer, findPod, listPods, readSelector, type MeantPod } from './pods-of.ts';
import { resourcePath } from '../client/resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface LogsOptions extends ApiOptions {
  container?: string;
  allContainers?: boolean;
  follow?: boolean;
  previous?: boolean;
  tail?: string;
  since?: number;
  sinceTime?: string;
  timestamps?: boolean;
  limitBytes?: number;
  selector?: string;
  prefix?: boolean;
  allPods?: boolean;
  maxLogRequests: number;
  ignoreErrors?: boolean;
}

/** One container whose log is read. */
interface Source {
  pod: string;
  container: string | undefined;
}

/** `berth logs`: of a pod, of one of a deployment's pods, of all pods with a label; also of a pod that is gone. */
export function logsCommand(): Command {
  const command = new Command('logs')
    .description("Show a container's output, also of a pod that is gone")
    .argument('[pod]', 'POD or TYPE/NAME')
    .argument('[container]', 'which container, as -c')
    .option('-c, --container <name>', 'which container')
    .option('--all-containers', 'of all containers of the pod')
    .option('-f, --follow', 'go on with new lines')
    .option('-p, --previous', 'of the container before its last restart')
    .option('--tail <lines>', 'only the last lines; -1 for all')
    .option('--since <duration>', 'only lines of the last 5s, 2m, 3h', parseDurationMs)
    .option('--since-time <time>', 'only lines after this RFC 3339 time')
    .option('--timestamps', 'with the time of each line')
    .option('--limit-bytes <bytes>', 'at most so much', parseWhole)
    .option('-l, --selector <labels>', 'of all pods with these labels')
    .option('--all-pods', 'of all pods of what is named, with --prefix')
    .option('--prefix', 'begin each line with pod and container')
    .option('--ignore-errors', 'go on to the end when a log cannot be read, and call that success')
    .option('--max-log-requests <count>', 'so many may be followed at once', parseWhole, 5)
    .action((word: string | undefined, container: string | undefined, options: LogsOptions) =>
      withSession(options, (session) => logs(session, word, { ...options, container: container ?? options.container })),
    );
  return withApiOptions(command, [
    'berth logs deployment/web -f --tail 20',
    'berth logs web -c sidecar --previous',
    'berth logs -l app=web --all-containers --prefix',
  ]);
}

async function logs(session: Session, word: string | undefined, given: LogsOptions): Promise<void> {
  checkUse(word, given);
  const options = given.allPods === true ? { ...given, prefix: true } : given;
  const pods = await findMeant(session, word, options);
  const sources = pods.flatMap((pod) => containersOf(pod, options));
  if (options.follow === true && sources.length > options.maxLogRequests) {
    throw new UsageError(`these are ${sources.length} logs to follow at once: --max-log-requests allows as many`);
  }
  const isAlone = sources.length === 1;
  const read = (source: Source): Promise<void> =>
    printLog(session, source, options).catch((error: unknown) => {
      if (options.ignoreErrors === true) {
        process.stderr.write(`error: pod/${source.pod}: ${describeFailure(error)}\n`);
      } else if (isAlone) throw error;
      else reportOne(error, `pod/${source.pod}`);
    });
  if (options.follow === true) await Promise.all(sources.map(read));
  else for (const source of sources) await read(source);
}

function checkUse(word: string | undefined, options: LogsOptions): void {
  if ((word === undefined) === (options.selector === undefined)) throw new UsageError('name a pod, or use -l');
  if (options.allContainers === true && options.container !== undefined)
    throw new UsageError('use -c or --all-containers, not both');
  if (options.tail !== undefined && !/^(-1|\d+)$/.test(options.tail))
    throw new UsageError('--tail is a number of lines, or -1 for all');
  if (options.since !== undefined && options.sinceTime !== undefined)
    throw new UsageError('use --since or --since-time, not both');
}

async function findMeant(session: Session, word: string | undefined, options: LogsOptions): Promise<MeantPod[]> {
  if (word === undefined) return findByLabel(session, options);
  if (options.allPods !== true) return [await findPod(session, word)];
  return findByLabel(session, { ...options, selector: await readSelector(session, word) });
}

async function findByLabel(session: Session, { selector = '' }: LogsOptions): Promise<MeantPod[]> {
  const pods = await listPods(session, selector);
  if (pods.length === 0) process.stderr.write(`No pods with ${selector} in ${session.namespace} namespace.\n`);
  return pods.map((pod) => ({ name: pod.metadata.name, pod }));
}

function containersOf({ name, pod }: MeantPod, { container, allContainers }: LogsOptions): Source[] {
  if (pod === undefined) return [{ pod: name, container }];
  if (allContainers !== true) return [{ pod: name, container: chooseContainer(pod, container) }];
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  return all.map((each) => ({ pod: name, container: each.name }));
}

async function printLog({ client, names, namespace }: Session, source: Source, options: LogsOptions): Promise<void> {
  const path = `${resourcePath(names.findKind('v1', 'Pod'), namespace, source.pod)}/log`;
  const tail = options.tail ?? (options.selector === undefined ? undefined : '10');
  const flag = (isSet: boolean | undefined): string | undefined => (isSet === true ? 'true' : undefined);
  const response = await client.open('GET', path, {
    accept: '*/*',
    query: {
      container: source.container,
      follow: flag(options.follow),
      previous: flag(options.previous),
      tailLines: tail === '-1' ? undefined : tail,
      sinceSeconds: options.since === undefined ? undefined : String(Math.max(1, Math.ceil(options.since / 1000))),
      sinceTime: options.sinceTime,
      timestamps: flag(options.timestamps),
      limitBytes: options.limitBytes === undefined ? undefined : String(options.limitBytes),
    },
  });
  if (options.prefix !== true) {
    for await (const chunk of response as AsyncIterable<Buffer>) await print(chunk);
    return;
  }
  const start = `[pod/${source.pod}/${source.container ?? ''}] `;
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    await print(lines.map((line) => `${start}${line}\n`).join(''));
  }
  if (rest !== '') await print(`${start}${rest}\n`);
}

/** Waits while the reader of the standard output is slower than the log. */
function print(text: string | Uint8Array): Promise<void> {
  if (process.stdout.write(text)) return Promise.resolve();
  return new Promise((resolve) => void process.stdout.once('drain', resolve));
}
