import { isDeepStrictEqual } from 'node:util';
import type { DesiredItem } from '../../shared/bus/messages.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import type { DesiredSet } from '../controller-link.ts';
import type { DesiredFiles } from './desired-files.ts';

/**
 * The set in memory and on disk. A change is on disk before it is seen: else an agent that ends in between would take
 * what it started for somebody else's. A full disk is no reason to stop, so there memory alone counts.
 */
export class KeptDesiredSet implements DesiredSet {
  readonly #files: DesiredFiles;
  readonly #log: Logger;
  readonly #onGone: (object: KubeObject) => void;
  readonly #objects = new Map<string, KubeObject>();
  readonly #listeners = new Map<string, (key: string) => void>();
  #isLoaded = false;

  /** `onGone`: an object is no longer wanted. */
  constructor(files: DesiredFiles, log: Logger, onGone: (object: KubeObject) => void = () => undefined) {
    this.#files = files;
    this.#log = log;
    this.#onGone = onGone;
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  get(key: string): KubeObject | undefined {
    return this.#objects.get(key);
  }

  list(prefix: string): KubeObject[] {
    return [...this.#objects].filter(([key]) => key.startsWith(prefix)).map(([, object]) => object);
  }

  onChange(prefix: string, listener: (key: string) => void): void {
    this.#listeners.set(prefix, listener);
  }

  /** Reads what an earlier process left. Call before all else. */
  async load(): Promise<void> {
    const { items, isComplete } = await this.#files.load();
    for (const { key, object } of items) this.#objects.set(key, object);
    this.#isLoaded = isComplete;
  }

  /** Everything there is; what is not in it goes. */
  async replace(items: readonly DesiredItem[]): Promise<void> {
    const wanted = new Set(items.map(({ key }) => key));
    const changed = items.filter(({ key, object }) => !isDeepStrictEqual(this.#objects.get(key), object));
    const gone = [...this.#objects.keys()].filter((key) => !wanted.has(key));
    await this.#keep(changed, gone);
    if (!this.#isLoaded) await this.#try('loaded', () => this.#files.markLoaded());
    this.#isLoaded = true;
    this.#show(changed, gone);
  }

  async apply(set: readonly DesiredItem[], remove: readonly string[]): Promise<void> {
    await this.#keep(set, remove);
    this.#show(set, remove);
  }

  async #keep(set: readonly DesiredItem[], remove: readonly string[]): Promise<void> {
    for (const item of set) await this.#try(item.key, () => this.#files.save(item));
    for (const key of remove) await this.#try(key, () => this.#files.remove(key));
  }

  /** All at once: nobody sees half of it. */
  #show(set: readonly DesiredItem[], remove: readonly string[]): void {
    const gone = remove.flatMap((key) => this.#objects.get(key) ?? []);
    for (const { key, object } of set) this.#objects.set(key, object);
    for (const key of remove) this.#objects.delete(key);
    for (const object of gone) this.#onGone(object);
    for (const key of [...set.map((item) => item.key), ...remove]) this.#tell(key);
  }

  #tell(key: string): void {
    for (const [prefix, listener] of this.#listeners) if (key.startsWith(prefix)) listener(key);
  }

  async #try(key: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#log.error('desired item not kept on disk', { key, problem: messageOf(error) });
    }
  }
}
