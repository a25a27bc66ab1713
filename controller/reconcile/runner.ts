import { backoffMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import type { ResourceName } from '../../shared/objects/resources.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Scope } from '../../shared/scope.ts';
import { WorkQueue } from '../../shared/workqueue.ts';
import { queueMetrics } from './queue-metrics.ts';
import type { QueueMetrics } from './queue-metrics.ts';
import type { ReconcileDeps } from './deps.ts';

/** Brings what `key` names to what is desired. Resolves with the milliseconds after which to look again, if any. */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<number | undefined>;

const retry = { initialMs: 20, maxMs: 60_000 };
/** A key may come back so often at once, and after that once in each interval. */
const pace = { burst: 100, intervalMs: 10 };

/**
 * Works on keys, each by one worker at a time. An error brings its key back with a growing delay; a Conflict is an
 * error of no interest. Runs from the start on and ends with its scope.
 */
export class Runner {
  readonly #name: string;
  readonly #reconcile: Reconcile;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #queue: WorkQueue<string>;
  readonly #metrics: QueueMetrics;
  readonly #failures = new Map<string, number>();
  readonly #pace: KeyPace;
  readonly #deps: Partial<Pick<ReconcileDeps, 'journal' | 'store' | 'events'>>;

  constructor(
    name: string,
    reconcile: Reconcile,
    deps: Pick<ReconcileDeps, 'clock' | 'log' | 'registry' | 'journal'> &
      Partial<Pick<ReconcileDeps, 'store' | 'events'>>,
    scope: Scope,
    workers = 4,
  ) {
    this.#name = name;
    this.#reconcile = reconcile;
    this.#clock = deps.clock;
    this.#log = deps.log.child({ controller: name });
    this.#queue = new WorkQueue(deps.clock, scope);
    this.#metrics = queueMetrics(deps.registry, name);
    this.#pace = new KeyPace(deps.clock);
    this.#deps = deps;
    for (let worker = 0; worker < workers; worker += 1) {
      scope.spawn(
        (signal) => this.#work(signal),
        (error) => this.#log.error('worker ended', { error }),
      );
    }
  }

  get name(): string {
    return this.#name;
  }

  add(key: string): void {
    this.#metrics.added();
    this.#queue.add(key);
    this.#metrics.depth(this.#queue.size);
  }

  /** Adds the key after a time; the earliest of several wins. */
  addAfter(key: string, ms: number): void {
    this.#queue.addAfter(key, ms);
  }

  async #work(signal: AbortSignal): Promise<void> {
    for (let key = await this.#queue.next(); key !== undefined; key = await this.#queue.next()) {
      this.#metrics.depth(this.#queue.size);
      const again = this.#asideMs(key) ?? this.#pace.waitOf(key) ?? (await this.#once(key, signal));
      this.#queue.done(key);
      if (again !== undefined) this.#queue.addAfter(key, again);
    }
  }

  async #once(key: string, signal: AbortSignal): Promise<number | undefined> {
    const start = this.#clock.monotonic();
    const slot = this.#deps.journal?.begin(this.#name, key);
    try {
      const again = await this.#reconcile(key, signal);
      this.#failures.delete(key);
      return Number.isNaN(again) ? retry.maxMs : again;
    } catch (error) {
      if (signal.aborted) return undefined;
      return this.#failed(key, error);
    } finally {
      if (slot !== undefined) this.#deps.journal?.end(slot);
      this.#metrics.worked(this.#clock.monotonic() - start);
    }
  }

  /** For how long the key is left alone, since the process was stuck over it. */
  #asideMs(key: string): number | undefined {
    const { journal, store, events } = this.#deps;
    const aside = journal?.asideFor(this.#name, key);
    if (aside?.isNews !== true) return aside?.leftMs;
    const seconds = Math.ceil(aside.leftMs / 1_000);
    this.#log.error('key set aside: the controller was stuck over it', { key, seconds });
    const [resource, name] = objectOfKey(this.#name, key);
    const object = resource && store?.get(resource, ...name);
    const message = `The controller was stuck when it worked on this object (${this.#name}): it is left alone for ${seconds} s`;
    if (object) events?.record(object, 'Warning', 'SetAside', message, 'controllermanager');
    return aside.leftMs;
  }

  #failed(key: string, error: unknown): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const retryInMs = backoffMs(failures, retry);
    this.#metrics.retried();
    if (hasReason(error, 'Conflict')) this.#log.debug('conflict', { key, retryInMs });
    else this.#log.warn('reconcile failed', { key, failures, retryInMs, error });
    return retryInMs;
  }
}

/** Whose keys are whose names; keys of others begin with the resource. */
const resourcesOfRunners: Record<string, ResourceName> = {
  deployment: 'deployments.apps',
  replicaset: 'replicasets.apps',
  replicationcontroller: 'replicationcontrollers',
  daemonset: 'daemonsets.apps',
  job: 'jobs.batch',
  endpoints: 'services',
  disruption: 'poddisruptionbudgets.policy',
  'account-secret': 'secrets',
  namespace: 'namespaces',
  'cluster-role': 'clusterroles.rbac.authorization.k8s.io',
  'node-lifecycle': 'nodes',
  'taint-eviction': 'nodes',
};

/** The resource, namespace and name that a key of this runner is about. */
function objectOfKey(runner: string, key: string): [ResourceName | undefined, [string, string]] {
  const own = resourcesOfRunners[runner];
  const [first = '', ...rest] = key.split(' ');
  const text = own === undefined ? rest.join(' ') : key;
  const { namespace, name } = text.includes('/') ? splitKey(text) : { namespace: '', name: text };
  return [own ?? (rest.length > 0 ? first : undefined), [namespace, name]];
}

/** Slows down keys that come back over and over: whatever adds them, they do not take the whole process. */
class KeyPace {
  readonly #clock: Clock;
  /** When a key would be due if it came at the slow pace. Those in the past are forgotten. */
  readonly #due = new Map<string, number>();
  #sweptAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts the key. The milliseconds it has to wait, and then it is not counted; undefined for none. */
  waitOf(key: string): number | undefined {
    const now = this.#clock.monotonic();
    this.#sweep(now);
    const due = Math.max(now, this.#due.get(key) ?? 0);
    const wait = due - now - pace.burst * pace.intervalMs;
    if (wait > 0) return wait;
    this.#due.set(key, due + pace.intervalMs);
    return undefined;
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < pace.burst * pace.intervalMs) return;
    this.#sweptAt = now;
    for (const [key, due] of this.#due) if (due <= now) this.#due.delete(key);
  }
}

/** `namespace/name`; the namespace of cluster-scoped objects is ''. */
export function keyOf({ namespace, name }: { namespace?: string; name: string }): string {
  return `${namespace ?? ''}/${name}`;
}

export function splitKey(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
