import type { Container, KubeObject, LabelSelector, Pod, Stored } from '../../shared/objects/types.ts';
import { hasReason } from '../../shared/errors.ts';
import { parseTargets, resourcePath } from '../client/resource-names.ts';
import type { Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

/** A pod that is meant; only its name is known when it is gone already. */
export interface MeantPod {
  name: string;
  pod?: Stored<Pod>;
}

type Selecting = KubeObject & { spec?: { selector?: LabelSelector | Record<string, string> } };

/** The pod of `web`, `pod/web`, or one of those that `deployment/web` selects: rather one that is ready. */
export async function findPod(session: Session, word: string): Promise<MeantPod> {
  const [target] = word.includes('/') ? parseTargets([word], session.names) : [];
  if (target === undefined || target.resource.kind === 'Pod') {
    const name = target?.name ?? word;
    const pod = await readPod(session, name);
    return pod === undefined ? { name } : { name, pod };
  }
  const selector = await readSelector(session, word);
  const [first, ...others] = await listPods(session, selector);
  if (first === undefined) throw new Error(`${word} has no pods; see berth describe ${word}`);
  if (others.length > 0) process.stderr.write(`Found ${others.length + 1} pods, using pod/${first.metadata.name}\n`);
  return { name: first.metadata.name, pod: first };
}

/** The labels by which `deployment/web` selects its pods. Throws UsageError for what selects none. */
export async function readSelector({ client, names, namespace }: Session, word: string): Promise<string> {
  const [target] = parseTargets([word], names);
  const path = target && resourcePath(target.resource, namespace, target.name);
  const selector = path === undefined ? '' : formatSelector(await client.call<Selecting>('GET', path));
  if (selector === '') throw new UsageError(`${word} selects no pods: name a pod, or what makes pods`);
  return selector;
}

async function readPod({ client, names, namespace }: Session, name: string): Promise<Stored<Pod> | undefined> {
  try {
    return await client.call<Stored<Pod>>('GET', resourcePath(names.findKind('v1', 'Pod'), namespace, name));
  } catch (error) {
    if (hasReason(error, 'NotFound')) return undefined;
    throw error;
  }
}

/** Pods with these labels, the most useful one first: running, ready, and young. */
export async function listPods(
  { client, names, namespace }: Session,
  selector: string,
  where = namespace,
): Promise<Stored<Pod>[]> {
  const path = resourcePath(names.findKind('v1', 'Pod'), where);
  const { items } = await client.call<{ items: Stored<Pod>[] }>('GET', path, { query: { labelSelector: selector } });
  const rank = ({ status, metadata }: Stored<Pod>): number =>
    (metadata.deletionTimestamp === undefined ? 4 : 0) +
    (status?.phase === 'Running' ? 2 : 0) +
    Number(status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false);
  const age = ({ metadata }: Stored<Pod>): number => Date.parse(metadata.creationTimestamp);
  return items.sort((a, b) => rank(b) - rank(a) || age(b) - age(a));
}

/** `a=b,c in (d,e)`, also for the plain maps of services; '' when nothing is selected. */
export function formatSelector({ spec: { selector = {} } = {} }: Selecting): string {
  const isLabelSelector = 'matchLabels' in selector || 'matchExpressions' in selector;
  const { matchLabels = {}, matchExpressions = [] } = isLabelSelector ? (selector as LabelSelector) : {};
  const labels = isLabelSelector ? matchLabels : (selector as Record<string, string>);
  const expressions = matchExpressions.map(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key;
    if (operator === 'DoesNotExist') return `!${key}`;
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`;
  });
  return [...Object.entries(labels).map(([key, value]) => `${key}=${value}`), ...expressions].join(',');
}

const defaultKey = 'kubectl.kubernetes.io/default-container';

/** The container that a command means when it names none: the marked one, else the first. Says so when there are others. */
export function chooseContainer(pod: Stored<Pod>, wanted: string | undefined): string | undefined {
  const { containers = [], initContainers = [] }: { containers?: Container[]; initContainers?: Container[] } =
    pod.spec ?? {};
  if (wanted !== undefined || containers.length === 0) return wanted;
  const marked = pod.metadata.annotations?.[defaultKey];
  const chosen = containers.find(({ name }) => name === marked) ?? containers[0];
  const all = [...containers, ...initContainers.map(({ name }) => ({ name: `${name} (init)` }))];
  if (all.length > 1 && chosen?.name !== marked) {
    process.stderr.write(`Defaulted container "${chosen?.name}" out of: ${all.map(({ name }) => name).join(', ')}\n`);
  }
  return chosen?.name;
}
