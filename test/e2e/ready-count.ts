import { createInterface } from 'node:readline';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import type { Cluster } from './cluster.ts';
import { isReady, podsPath } from './cluster.ts';

interface PodChange {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: Stored<Pod>;
}

/** Follows the pods of an app by a watch and remembers the fewest that were ready at once, and the most that there were. */
export class ReadyCount {
  readonly #ready = new Map<string, boolean>();
  readonly #stopping = new AbortController();
  #least = Infinity;
  #most = 0;
  #following: Promise<void> = Promise.resolve();

  static async start(cluster: Cluster, app: string): Promise<ReadyCount> {
    const count = new ReadyCount();
    const labelSelector = `app=${app}`;
    const { items, metadata } = await cluster.client.call<{
      items: Stored<Pod>[];
      metadata: { resourceVersion: string };
    }>('GET', podsPath, { query: { labelSelector } });
    for (const pod of items) count.#ready.set(pod.metadata.name, isReady(pod));
    count.#look();
    count.#following = count.#follow(cluster, labelSelector, metadata.resourceVersion);
    return count;
  }

  /** Ends the watch. Throws when it had ended before by itself. */
  async stop(): Promise<{ least: number; most: number }> {
    this.#stopping.abort();
    await this.#following;
    return { least: this.#least, most: this.#most };
  }

  async #follow(cluster: Cluster, labelSelector: string, resourceVersion: string): Promise<void> {
    const { signal } = this.#stopping;
    const query = { labelSelector, resourceVersion, watch: 'true' };
    try {
      const response = await cluster.client.open('GET', podsPath, { query, signal });
      for await (const line of createInterface({ input: response })) this.#apply(JSON.parse(line) as PodChange);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    if (!signal.aborted) throw new Error('the watch has ended');
  }

  #apply({ type, object }: PodChange): void {
    if (type === 'DELETED') this.#ready.delete(object.metadata.name);
    else this.#ready.set(object.metadata.name, isReady(object));
    this.#look();
  }

  #look(): void {
    const ready = [...this.#ready.values()].filter(Boolean).length;
    this.#least = Math.min(this.#least, ready);
    this.#most = Math.max(this.#most, this.#ready.size);
  }
}
