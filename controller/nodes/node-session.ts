import { randomUUID } from 'node:crypto';
import type { Delta, Heartbeat, SyncReply, SyncRequest } from '../../shared/bus/messages.ts';
import { ApiError } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { desiredItems, diffItems, splitItems, withoutBookkeeping, type Lookup, type PodObject } from './desired.ts';

const partBytes = 512 * 1024;
const behindForMs = 2000;
const nudgeEveryMs = 1000;

/** What one node was told, counted, so that both sides notice a loss. Holds no connection: `send` is given. */
export class NodeSession {
  readonly pods = new Map<string, PodObject>();
  readonly #epoch: string;
  readonly #send: (delta: Delta) => void;
  #sent: Map<string, KubeObject> = new Map();
  #named = new Set<string>();
  #counter = 0;
  #snapshot: { id: string; counter: number; parts: SyncReply['items'][] } | undefined;
  #behindSince: number | undefined;
  #nudgedAt = -Infinity;

  constructor(epoch: string, send: (delta: Delta) => void) {
    this.#epoch = epoch;
    this.#send = send;
  }

  get counter(): number {
    return this.#counter;
  }

  /** Says whether a change of this object can matter to the node. */
  names(key: string): boolean {
    return this.#named.has(key);
  }

  /** Tells the node what it does not know yet. */
  refresh(lookup: Lookup): void {
    const { items, named } = desiredItems(this.pods.values(), lookup);
    const { set, remove } = diffItems(this.#sent, items);
    this.#sent = items;
    this.#named = named;
    const parts = splitItems(set, partBytes);
    if (remove.length > 0 && parts.length === 0) parts.push([]);
    parts.forEach((part, index) => {
      const previous = this.#counter;
      this.#counter += 1;
      // Removals go with the last part: what is new may need their place no sooner.
      const last = index === parts.length - 1 && remove.length > 0;
      this.#send({ epoch: this.#epoch, counter: this.#counter, previous, set: part, ...(last && { remove }) });
    });
  }

  /** The part of a snapshot that the node asks for. Throws Expired when that snapshot is no more: it begins again. */
  sync({ from, snapshot }: SyncRequest, lookup: Lookup): SyncReply {
    if (from === 0) {
      this.refresh(lookup);
      const items = [...this.#sent].map(([key, object]) => ({ key, object: withoutBookkeeping(object) }));
      this.#snapshot = { id: randomUUID(), counter: this.#counter, parts: splitItems(items, partBytes) };
    }
    const current = this.#snapshot;
    if (current === undefined || (from > 0 && snapshot !== current.id) || from > current.parts.length) {
      throw new ApiError('Expired', 'this snapshot is no longer there: begin again');
    }
    const isLast = from + 1 >= current.parts.length;
    if (isLast) this.#snapshot = undefined;
    return {
      snapshot: current.id,
      epoch: this.#epoch,
      counter: current.counter,
      items: current.parts[from] ?? [],
      ...(!isLast && { next: from + 1 }),
    };
  }

  /** Nudges a node that is of another epoch, or behind for too long: an empty delta makes it see the gap. */
  heard({ epoch, counter }: Heartbeat, now: number): void {
    const isForeign = epoch !== this.#epoch;
    if (!isForeign && counter >= this.#counter) {
      this.#behindSince = undefined;
      return;
    }
    this.#behindSince ??= now;
    if (!isForeign && now - this.#behindSince < behindForMs) return;
    if (now - this.#nudgedAt < nudgeEveryMs) return;
    this.#nudgedAt = now;
    this.#send({ epoch: this.#epoch, counter: this.#counter, previous: this.#counter });
  }
}
