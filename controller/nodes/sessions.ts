import { randomUUID } from 'node:crypto';
import type { Bus } from '../../shared/bus/bus.ts';
import type { Heartbeat, SyncReply, SyncRequest } from '../../shared/bus/messages.ts';
import { subjects } from '../../shared/bus/subjects.ts';
import type { Clock } from '../../shared/clock.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import type { Change, Store } from '../store/store.ts';
import { isSameForNode, keyOf, type PodObject } from './desired.ts';
import { NodeSession } from './node-session.ts';
import type { PodOwners } from './pod-owners.ts';
import type { PodTokenBook } from './pod-token-book.ts';

interface Deps {
  bus: Bus;
  store: Store;
  owners: PodOwners;
  tokens: PodTokenBook;
  clock: Clock;
  log: Logger;
}

/** How often tokens are looked through for those that are to be replaced. */
const tokenCheckMs = 30_000;

const named: ReadonlySet<string> = new Set(['configmaps', 'secrets', 'serviceaccounts', 'endpoints']);

/**
 * Keeps every node told what it should run. Follows the store, marks the nodes that a change concerns, and tells them
 * all once at the end of the tick.
 */
export class Sessions {
  readonly #deps: Deps;
  /** Counters of another controller process are not comparable with these. */
  readonly #epoch = randomUUID();
  readonly #nodes = new Map<string, NodeSession>();
  readonly #dirty = new Set<string>();
  #isScheduled = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Reads all pods; `sync` may be called from now on. Returns the version that this is true at. */
  load(): number {
    const { items, version } = this.#deps.store.list<PodObject>('pods');
    for (const session of this.#nodes.values()) session.pods.clear();
    this.#deps.owners.reset();
    this.#deps.tokens.forgetAll();
    for (const pod of items) this.#place(pod);
    for (const node of this.#nodes.keys()) this.#mark(node);
    return version;
  }

  async run(from: number, signal: AbortSignal): Promise<void> {
    let version = from;
    while (!signal.aborted) {
      try {
        for await (const change of this.#deps.store.watch({ from: version, signal })) {
          this.#apply(change);
          version = change.version;
        }
      } catch (error) {
        if (!hasReason(error, 'Expired')) throw error;
        this.#deps.log.warn('fell behind the store; reading all pods again');
        version = this.load();
      }
    }
  }

  /** Has every node told of tokens that have been replaced. */
  async renewTokens(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#deps.clock.sleep(tokenCheckMs, signal);
      for (const node of this.#nodes.keys()) this.#mark(node);
    }
  }

  sync(node: string, request: SyncRequest): SyncReply {
    return this.#session(node).sync(request, this.#lookup);
  }

  heard(node: string, heartbeat: Heartbeat): void {
    this.#session(node).heard(heartbeat, this.#deps.clock.monotonic());
  }

  #session(node: string): NodeSession {
    const known = this.#nodes.get(node);
    if (known !== undefined) return known;
    const session = new NodeSession(this.#epoch, (delta) => this.#deps.bus.publish(subjects.desired(node), delta));
    this.#nodes.set(node, session);
    return session;
  }

  readonly #lookup = (key: string): KubeObject | undefined => {
    const [resource = '', namespace = '', name = ''] = key.split('/');
    const { store, tokens } = this.#deps;
    if (resource === 'tokens') return tokens.tokensOf(store.get<PodObject>('pods', namespace, name));
    return store.get(resource, namespace, name);
  };

  #apply({ type, key, object, previous }: Change): void {
    const { resource, namespace, name } = key;
    if (resource === 'pods') {
      const pod = object as PodObject;
      if (type === 'DELETED') this.#displace(pod);
      else if (type === 'ADDED' || previous === undefined || !isSameForNode(previous, object)) this.#place(pod);
    } else if (named.has(resource)) {
      const objectKey = `${resource}/${namespace}/${name}`;
      for (const [node, session] of this.#nodes) if (session.names(objectKey)) this.#mark(node);
    } else if (resource === 'nodes' && type === 'DELETED' && this.#nodes.get(name)?.pods.size === 0) {
      this.#nodes.delete(name);
    }
  }

  #place(pod: PodObject): void {
    const node = pod.spec?.nodeName;
    if (node === undefined || node === '') return;
    this.#session(node).pods.set(keyOf('pods', pod), pod);
    const { uid = '', namespace = '', name } = pod.metadata;
    this.#deps.owners.add({ uid, namespace, name, node });
    this.#mark(node);
  }

  #displace(pod: PodObject): void {
    const node = pod.spec?.nodeName;
    if (node === undefined || node === '') return;
    this.#session(node).pods.delete(keyOf('pods', pod));
    this.#deps.owners.remove(pod.metadata.uid ?? '');
    this.#deps.tokens.forget(pod.metadata.uid);
    this.#mark(node);
  }

  #mark(node: string): void {
    this.#dirty.add(node);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#isScheduled = false;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const node of dirty) this.#refresh(node);
  }

  #refresh(node: string): void {
    try {
      this.#nodes.get(node)?.refresh(this.#lookup);
    } catch (error) {
      // Its counter has moved: the node will see the gap and ask for everything.
      this.#deps.log.error('node could not be told', { node, error });
    }
  }
}
