import type { RegisterReply, RegisterRequest } from '../../shared/bus/messages.ts';
import { type Clock, rfc3339 } from '../../shared/clock.ts';
import { ApiError, hasReason } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { findCondition } from '../../shared/objects/conditions.ts';
import { mayNodeSet } from '../../shared/objects/node-labels.ts';
import { isExtendedResource } from '../../shared/objects/extended-resources.ts';
import type { KubeObject, Node, NodeCondition } from '../../shared/objects/types.ts';
import type { EventRecorder } from '../store/event-recorder.ts';
import type { Store } from '../store/store.ts';
import { mergeConditions } from './conditions.ts';
import { allocatePodCidr } from './pod-cidr.ts';

type NodeObject = KubeObject & Node;
type Labels = Readonly<Record<string, string>>;

/** What the node itself has set, as JSON: other values are the users', and so is a label that is gone. */
const ownLabels = 'berth.dev/labels-of-node';

const component = 'berth-agent';

interface Deps {
  store: Store;
  clock: Clock;
  log: Logger;
  events: Pick<EventRecorder, 'record'>;
  /** Network that nodes take their /24 from. */
  clusterCidr: string;
  clusterId: string;
}

/**
 * Makes and updates Node objects from what agents say of themselves. Labels, taints and `unschedulable` that users set
 * stay; the pod network is given once, for the life of the object.
 */
export class Registration {
  readonly #deps: Deps;
  /** The newest word of each agent, to put `Ready` right when a node that was silent is heard again. */
  readonly #conditions = new Map<string, NodeCondition[]>();
  readonly #restoring = new Set<string>();
  /** One at a time: two nodes must not get one network. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  register(node: string, request: RegisterRequest): Promise<RegisterReply> {
    if (request.node.metadata?.name !== node) {
      return Promise.reject(new ApiError('Forbidden', `node "${node}" may register under its own name only`));
    }
    const foreign = Object.keys(request.node.metadata?.labels ?? {}).find((label) => !mayNodeSet(label));
    if (foreign !== undefined) {
      return Promise.reject(new ApiError('Forbidden', `node "${node}" may not set the label ${foreign}`));
    }
    this.#conditions.set(node, request.node.status?.conditions ?? []);
    const registered = this.#turn.then(() => this.#register(node, request));
    this.#turn = registered.catch(() => undefined);
    return registered;
  }

  /** A sign of life: takes back `Ready=Unknown`. Does nothing for a node that is fine. */
  async heard(node: string): Promise<void> {
    const ready = findCondition(this.#deps.store.get<NodeObject>('nodes', '', node)?.status?.conditions, 'Ready');
    const conditions = this.#conditions.get(node);
    if (ready?.status !== 'Unknown' || conditions === undefined || this.#restoring.has(node)) return;
    this.#restoring.add(node);
    try {
      await this.#deps.store.modify<NodeObject>('nodes', '', node, (current) => ({
        ...current,
        status: { ...current.status, conditions: this.#merge(current.status?.conditions ?? [], conditions) },
      }));
      this.#deps.log.info('silent node is back', { node });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    } finally {
      this.#restoring.delete(node);
    }
  }

  async #register(node: string, { node: reported, routes }: RegisterRequest): Promise<RegisterReply> {
    const { store, clusterId, log } = this.#deps;
    const current = store.get<NodeObject>('nodes', '', node);
    const podCIDR = current?.spec?.podCIDR ?? this.#allocate(node, routes);
    if (current === undefined) {
      await store.create<NodeObject>('nodes', this.#create(node, reported, podCIDR));
      log.info('node registered', { node, podCIDR });
    } else {
      const next = await store.modify<NodeObject>('nodes', '', node, (existing) =>
        this.#update(existing, reported, podCIDR),
      );
      this.#announceCapacity(next, current.status?.capacity, next.status?.capacity);
    }
    return { podCIDR, clusterId };
  }

  /** More of a machine than it had may be a way to get pods: it is seen. */
  #announceCapacity(node: NodeObject, before: Labels = {}, after: Labels = {}): void {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const changes = names
      .filter((name) => before[name] !== after[name])
      .map((name) => `${name} from ${before[name] ?? 'none'} to ${after[name] ?? 'none'}`);
    if (changes.length === 0) return;
    const message = `Capacity of the node has changed: ${changes.join(', ')}`;
    this.#deps.events.record(node, 'Normal', 'NodeCapacityChanged', message, component, node.metadata.name);
  }

  #create(node: string, { metadata, spec, status }: Node, podCIDR: string): NodeObject {
    const taints = spec?.taints ?? [];
    const { labels = {} } = metadata ?? {};
    return {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: node, labels, annotations: { [ownLabels]: JSON.stringify(labels) } },
      spec: { podCIDR, podCIDRs: [podCIDR], ...(taints.length > 0 && { taints }) },
      status: {
        ...status,
        conditions: this.#merge([], status?.conditions ?? []),
      },
    };
  }

  #update(current: NodeObject, { metadata, status }: Node, podCIDR: string): NodeObject {
    return {
      ...current,
      metadata: { ...current.metadata, ...mergeLabels(current.metadata, metadata?.labels ?? {}) },
      spec: { ...current.spec, podCIDR, podCIDRs: [podCIDR] },
      status: {
        ...current.status,
        ...status,
        capacity: { ...extendedOf(current.status?.capacity), ...status?.capacity },
        allocatable: { ...extendedOf(current.status?.capacity), ...status?.allocatable },
        conditions: this.#merge(current.status?.conditions ?? [], status?.conditions ?? []),
      },
    };
  }

  #merge(stored: NodeCondition[], reported: NodeCondition[]): NodeCondition[] {
    const now = this.#deps.clock.now();
    const heard = reported.map((condition) => ({ ...condition, lastHeartbeatTime: rfc3339(now) }));
    return mergeConditions(stored, heard, () => false, now);
  }

  #allocate(node: string, routes: readonly string[]): string {
    const { store, clusterCidr } = this.#deps;
    const taken = store.list<NodeObject>('nodes').items.flatMap(({ spec }) => spec?.podCIDR ?? []);
    const podCIDR = allocatePodCidr(clusterCidr, taken, routes);
    if (podCIDR === undefined) {
      throw new ApiError('ServiceUnavailable', `no pod network is left in ${clusterCidr} for node "${node}"`);
    }
    return podCIDR;
  }
}

/** Users add these to a node, by its status; the node knows nothing of them. */
function extendedOf(resources: Labels = {}): Labels {
  return Object.fromEntries(Object.entries(resources).filter(([name]) => isExtendedResource(name)));
}

/**
 * Labels of a node after its agent has reported some: it sets, changes and removes its own, and leaves alone what users
 * have set, changed or removed.
 */
function mergeLabels(
  { labels = {}, annotations = {} }: KubeObject['metadata'],
  reported: Labels,
): Pick<KubeObject['metadata'], 'labels' | 'annotations'> {
  const before = readOwn(annotations[ownLabels]);
  const next: Record<string, string> = { ...labels };
  for (const [label, value] of Object.entries(before)) {
    if (next[label] === value && reported[label] === undefined) delete next[label];
  }
  for (const [label, value] of Object.entries(reported)) {
    const isOurs = Object.hasOwn(before, label) ? labels[label] === before[label] : labels[label] === undefined;
    if (isOurs) next[label] = value;
  }
  return { labels: next, annotations: { ...annotations, [ownLabels]: JSON.stringify(reported) } };
}

function readOwn(text = '{}'): Labels {
  try {
    return JSON.parse(text) as Labels;
  } catch {
    return {}; // a user's
  }
}
