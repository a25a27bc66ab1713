import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Watch, type CoreV1Api, type KubeConfig, type V1ConfigMap } from '@kubernetes/client-node';

const namespace = 'default';
const path = `/api/v1/namespaces/${namespace}/configmaps`;
const pauseMs = 50;

/** A stretch of versions that a list covered, not events. */
interface Gap {
  from: number;
  to: number;
}

/**
 * The ConfigMaps of a namespace as a client knows them that lists, watches, goes on from the last version it has seen
 * when the connection breaks, and lists again only when told that this is too old. Keeps what was wrong on the way.
 */
export class Mirror {
  readonly objects = new Map<string, number>();
  readonly problems: string[] = [];
  /** Versions that came as events. */
  readonly seen = new Set<number>();
  readonly gaps: Gap[] = [];
  version = 0;
  readonly #config: KubeConfig;
  readonly #core: CoreV1Api;
  readonly #stopped = new AbortController();

  constructor(config: KubeConfig, core: CoreV1Api) {
    this.#config = config;
    this.#core = core;
  }

  /** Follows until `stop`. */
  async run(): Promise<void> {
    let isKnown = false;
    while (!this.#stopped.signal.aborted) {
      try {
        if (!isKnown) await this.#list();
        isKnown = true;
        isKnown = await this.#watch();
      } catch {
        await sleep(pauseMs); // nobody listens for now
      }
    }
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Whether a change came to this client in either way. */
  hasHeardOf(version: number): boolean {
    return this.seen.has(version) || this.gaps.some(({ from, to }) => from < version && version <= to);
  }

  async #list(): Promise<void> {
    const { items, metadata } = await this.#core.listNamespacedConfigMap({ namespace });
    const version = Number(metadata?.resourceVersion);
    if (version < this.version) this.problems.push(`a list of version ${version} after ${this.version}`);
    this.gaps.push({ from: this.version, to: version });
    this.version = version;
    this.objects.clear();
    for (const item of items) this.objects.set(nameOf(item), versionOf(item));
  }

  /** Resolves when the watch has ended: false when its version is too old. */
  async #watch(): Promise<boolean> {
    const from = this.version;
    let isKnown = true;
    await new Promise<void>((resolve, reject) => {
      const take = (type: string, object: V1ConfigMap & { code?: number }): void => {
        if (type === 'ERROR') isKnown = object.code !== 410;
        else this.#apply(type, object);
      };
      const end = (error: { statusCode?: number } | null): void => {
        if (error?.statusCode === 410) isKnown = false;
        if (error === null || this.version > from || !isKnown) resolve();
        else reject(error);
      };
      const watch = new Watch(this.#config).watch(path, { resourceVersion: String(from) }, take, end);
      watch.then((request) => {
        const stop = (): void => {
          request.abort();
          resolve(); // the client tells nobody of an end that was asked for
        };
        if (this.#stopped.signal.aborted) stop();
        else this.#stopped.signal.addEventListener('abort', stop, { once: true });
      }, reject);
    });
    return isKnown;
  }

  #apply(type: string, object: V1ConfigMap): void {
    const [name, version] = [nameOf(object), versionOf(object)];
    if (version <= this.version) this.problems.push(`${type} ${name} of version ${version} after ${this.version}`);
    const isThere = this.objects.has(name);
    if (isThere !== (type !== 'ADDED')) this.problems.push(`${type} ${name} that ${isThere ? 'is' : 'is not'} there`);
    this.version = version;
    this.seen.add(version);
    if (type === 'DELETED') this.objects.delete(name);
    else this.objects.set(name, version);
  }
}

export function nameOf({ metadata }: V1ConfigMap): string {
  assert(metadata?.name);
  return metadata.name;
}

export function versionOf({ metadata }: V1ConfigMap): number {
  return Number(metadata?.resourceVersion);
}
