import { Command, Option } from 'commander';
import { hasReason } from '../../shared/errors.ts';
import type { KubeObject, Node, Pod, Stored } from '../../shared/objects/types.ts';
import { milliOf, parseQuantity, unitsOf } from '../../shared/objects/quantity.ts';
import { formatAge, formatColumns } from '../print/columns.ts';
import { formatExamples } from '../examples.ts';
import { resourcePath } from '../client/resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';

interface TopOptions extends ApiOptions {
  allNamespaces?: boolean;
  containers?: boolean;
  selector?: string;
  fieldSelector?: string;
  showCapacity?: boolean;
  sortBy?: 'cpu' | 'memory';
  headers: boolean;
}

type Amounts = Record<string, string>;

/** An object of metrics.k8s.io. */
interface Measured extends KubeObject {
  usage?: Amounts;
  containers?: { name: string; usage: Amounts }[];
}

/** What something uses, by name: cores in thousandths, memory in bytes. */
interface Use {
  names: string[];
  cpu: number;
  memory: number;
}

const measuredVersion = 'metrics.k8s.io/v1beta1';
/** A pod this old that is not measured yet is not about to be (kubectl's number). */
const youngMs = 120_000;

/** `berth top pods|nodes`: what the metrics API says they use now. */
export function topCommand(): Command {
  const top = new Command('top')
    .description('Show what pods and nodes use')
    .addHelpText('after', formatExamples(['berth top pods -A --sort-by=memory', 'berth top nodes']));
  const pods = part('pods', 'Show what pods use', 'pod', topPods)
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('--containers', 'a line for each container')
    .option('--field-selector <fields>', 'only pods with these fields, as spec.nodeName=node-1');
  top.addCommand(withApiOptions(pods, ['berth top pods -A --sort-by=memory', 'berth top pod web --containers']));
  const nodes = part('nodes', 'Show what nodes use', 'node', topNodes).option(
    '--show-capacity',
    'parts of all there is, not of what pods may use',
  );
  return top.addCommand(withApiOptions(nodes, ['berth top nodes', 'berth top node node-1']));
}

type Verb = (session: Session, name: string | undefined, options: TopOptions) => Promise<void>;

function part(name: string, description: string, argument: string, verb: Verb): Command {
  return new Command(name)
    .alias(argument)
    .description(description)
    .argument(`[${argument}]`, 'only this one')
    .option('-l, --selector <labels>', 'only those with these labels')
    .addOption(new Option('--sort-by <what>', 'the largest first').choices(['cpu', 'memory']))
    .option('--no-headers', 'leave the headings out')
    .action((word: string | undefined, options: TopOptions) =>
      withSession(options, (session) => verb(session, word, options)),
    );
}

async function topPods(session: Session, name: string | undefined, options: TopOptions): Promise<void> {
  const namespace = options.allNamespaces === true ? undefined : session.namespace;
  const measured = await readMeasured(session, 'PodMetrics', namespace, name, options);
  if (measured.length === 0) return explainNothing(session, namespace, name, options);
  const prefix = ({ metadata }: Measured): string[] => (namespace === undefined ? [metadata.namespace ?? ''] : []);
  const uses = measured.flatMap((pod) => {
    const containers = (pod.containers ?? []).map((used) => readUse([used.name], used.usage));
    if (options.containers !== true) return [sumUp([...prefix(pod), pod.metadata.name], containers)];
    return containers.map((use) => ({ ...use, names: [...prefix(pod), pod.metadata.name, ...use.names] }));
  });
  const rows = sortUses(uses, options).map(({ names, cpu, memory }) => [...names, showCpu(cpu), showMemory(memory)]);
  const names = options.containers === true ? ['POD', 'NAME'] : ['NAME'];
  const headings = [...(namespace === undefined ? ['NAMESPACE'] : []), ...names, 'CPU(cores)', 'MEMORY(bytes)'];
  process.stdout.write(formatColumns(options.headers ? [headings, ...rows] : rows));
}

async function topNodes(session: Session, name: string | undefined, options: TopOptions): Promise<void> {
  const measured = await readMeasured(session, 'NodeMetrics', undefined, name, options);
  if (measured.length === 0) throw new Error('metrics not available yet');
  const path = resourcePath(session.names.findKind('v1', 'Node'), undefined);
  const query = { labelSelector: options.selector };
  const { items } = await session.client.call<{ items: Stored<Node>[] }>('GET', path, { query });
  const shares = new Map(
    items.map(({ metadata, status }) => [
      metadata.name,
      readUse([], (options.showCapacity === true ? status?.capacity : status?.allocatable) ?? {}),
    ]),
  );
  const uses = measured.map((node) => readUse([node.metadata.name], node.usage ?? {}));
  const rows = sortUses(uses, options).map(({ names, cpu, memory }) => {
    const share = shares.get(names[0] ?? '');
    return [...names, showCpu(cpu), percent(cpu, share?.cpu), showMemory(memory), percent(memory, share?.memory)];
  });
  const isMissing = ({ metadata }: KubeObject): boolean => !uses.some(({ names }) => names[0] === metadata.name);
  const missing = name === undefined ? items.filter(isMissing) : [];
  const unknown = missing.map(({ metadata }) => [metadata.name, ...Array<string>(4).fill('<unknown>')]);
  const headings = ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'];
  process.stdout.write(formatColumns([...(options.headers ? [headings] : []), ...rows, ...unknown]));
}

async function readMeasured(
  { client, names }: Session,
  kind: string,
  namespace: string | undefined,
  name: string | undefined,
  { selector, fieldSelector }: TopOptions,
): Promise<Measured[]> {
  const path = resourcePath(names.findKind(measuredVersion, kind), namespace, name);
  const query = { labelSelector: selector, fieldSelector };
  try {
    const found = await client.call<Measured & { items?: Measured[] }>('GET', path, { query });
    return found.items ?? [found];
  } catch (error) {
    if (name === undefined || !hasReason(error, 'NotFound')) throw error;
    return [];
  }
}

/** Nothing is measured: there may be no pods, or they are too young, or something is wrong. */
async function explainNothing(
  { client, names }: Session,
  namespace: string | undefined,
  name: string | undefined,
  { selector, fieldSelector }: TopOptions,
): Promise<void> {
  const path = resourcePath(names.findKind('v1', 'Pod'), namespace, name);
  const query = { labelSelector: selector, fieldSelector };
  const found = await client.call<Stored<Pod> & { items?: Stored<Pod>[] }>('GET', path, { query });
  const pods = found.items ?? [found];
  if (pods.length === 0) {
    process.stderr.write(`No resources found${namespace === undefined ? '' : ` in ${namespace} namespace`}.\n`);
    return;
  }
  const old = pods.find(({ metadata }) => Date.parse(metadata.creationTimestamp) < Date.now() - youngMs);
  if (old === undefined) throw new Error('metrics not available yet');
  const { namespace: where = '', name: which, creationTimestamp } = old.metadata;
  throw new Error(`Metrics not available for pod ${where}/${which}, age: ${formatAge(creationTimestamp)}`);
}

function readUse(names: string[], { cpu = '0', memory = '0' }: Amounts): Use {
  return { names, cpu: milliOf(parseQuantity(cpu)), memory: unitsOf(parseQuantity(memory)) };
}

function sumUp(names: string[], uses: readonly Use[]): Use {
  const sum = (of: 'cpu' | 'memory'): number => uses.reduce((total, use) => total + use[of], 0);
  return { names, cpu: sum('cpu'), memory: sum('memory') };
}

function sortUses(uses: readonly Use[], { sortBy }: TopOptions): Use[] {
  return sortBy === undefined ? [...uses] : [...uses].sort((a, b) => b[sortBy] - a[sortBy]);
}

function showCpu(milli: number): string {
  return `${milli}m`;
}

function showMemory(bytes: number): string {
  return `${Math.floor(bytes / 2 ** 20)}Mi`;
}

function percent(used: number, all: number | undefined): string {
  return all === undefined || all === 0 ? '<unknown>' : `${Math.floor((used * 100) / all)}%`;
}
