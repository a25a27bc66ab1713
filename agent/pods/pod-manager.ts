import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { backoffMs } from '../../shared/backoff.ts';
import { type Amounts, addAmounts } from '../../shared/objects/pod-requests.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import type { Scope } from '../../shared/scope.ts';
import { WorkQueue } from '../../shared/workqueue.ts';
import type { ContainerStatus, PodIdentity } from '../runtime/driver.ts';
import { DesiredConfig } from './desired-config.ts';
import { Gate } from './gate.ts';
import type { PodDeps, PodManagerDeps } from './pod-deps.ts';
import { PodRecords } from './pod-record.ts';
import { newestFirst } from './pod-view.ts';
import { PodWorker } from './pod-worker.ts';
import { runtimeStateOf, runtimeStates } from './runtime-state.ts';
import { identityOf } from './sandbox-config.ts';
import { StorageMonitor } from './storage-monitor.ts';

const relistMs = 10_000;
const runners = 4;

interface Entry {
  worker: PodWorker;
  scope: Scope;
  failures: number;
}

/**
 * Makes this node run the pods that the controller wants here, with or without the controller. What an earlier process
 * started goes on untouched. Run it once; it ends with its scope, and containers run on.
 */
export class PodManager {
  readonly #deps: PodDeps;
  /** By uid. */
  readonly #entries = new Map<string, Entry>();
  #queue: WorkQueue<string> | undefined;
  #scope: Scope | undefined;

  constructor(deps: PodManagerDeps) {
    this.#deps = {
      ...deps,
      records: new PodRecords(join(deps.paths.state, 'pods')),
      config: new DesiredConfig(deps.link.desired),
      requestedByOthers: (uid) => this.#requestedByOthers(uid),
      gate: new Gate(Math.max(2, Math.min(4, availableParallelism()))),
    };
  }

  /** Begins; resolves when every pod that is wanted or found has its worker. */
  async run(scope: Scope): Promise<void> {
    const queue = new WorkQueue<string>(this.#deps.clock, scope);
    this.#queue = queue;
    this.#scope = scope;
    const { desired } = this.#deps.link;
    desired.onChange('pods/', (key) => this.#follow(key));
    for (const prefix of ['configmaps/', 'secrets/', 'serviceaccounts/']) {
      desired.onChange(prefix, (key) => this.#configChanged(key));
    }
    desired.onChange('tokens/', (key) => this.#tokensChanged(key));
    await this.#deps.records.open();
    await this.#lookAround();
    const report = (what: string) => (error: unknown) => this.#deps.log.error(what, { error });
    for (let index = 0; index < runners; index += 1) {
      scope.spawn(() => this.#work(queue), report('pod runner failed'));
    }
    scope.spawn((signal) => this.#followEvents(signal), report('runtime events failed'));
    scope.spawn((signal) => this.#lookAgain(signal), report('pod relist failed'));
    const active = (): PodWorker[] => {
      return [...this.#entries.values()].map(({ worker }) => worker).filter(({ isActive }) => isActive);
    };
    const storage = new StorageMonitor(this.#deps);
    scope.spawn((signal) => storage.run(active, signal), report('storage of pods is not measured any more'));
  }

  /** Pods that this node runs or takes down. */
  get count(): number {
    return this.#entries.size;
  }

  /** Says that the container may still write to its log, now or after a restart. */
  mayRun(uid: string, container: string): boolean {
    return this.#entries.get(uid)?.worker.mayRun(container) ?? false;
  }

  /** The newest attempt of a container; undefined when there is none. */
  async findContainer(uid: string, name: string): Promise<ContainerStatus | undefined> {
    const { containers } = await runtimeStateOf(this.#deps.driver, uid);
    return containers.filter((container) => container.name === name).sort(newestFirst)[0];
  }

  /** Pods that have a worker: their log directories are in use. */
  pods(): PodIdentity[] {
    return [...this.#entries.values()].map(({ worker }) => identityOf(worker.pod));
  }

  #requestedByOthers(uid: string): Amounts {
    const others = [...this.#entries.values()].filter(({ worker }) => worker.uid !== uid);
    return others.reduce<Amounts>((sum, { worker }) => addAmounts(sum, worker.requests), {});
  }

  /** Brings the worker of a key in line with the desired set. A pod of the same name waits until the old one is gone. */
  #follow(key: string): void {
    const pod = this.#deps.link.desired.get(key) as Stored<Pod> | undefined;
    const [, namespace, name] = key.split('/');
    const others = [...this.#entries.values()].filter(({ worker }) => {
      const { metadata } = worker.pod;
      return metadata.namespace === namespace && metadata.name === name && worker.uid !== pod?.metadata.uid;
    });
    for (const { worker } of others) worker.update(undefined);
    if (pod === undefined) return;
    const entry = this.#entries.get(pod.metadata.uid);
    if (entry !== undefined) entry.worker.update(pod);
    else if (others.length === 0) this.#add(pod, true);
  }

  #add(pod: Stored<Pod>, isWanted: boolean): void {
    const { uid } = pod.metadata;
    if (this.#scope === undefined || this.#scope.isClosed) return;
    const scope = this.#scope.child(`pod ${uid}`);
    const poke = (): void => this.#queue?.add(uid);
    this.#entries.set(uid, { worker: new PodWorker(this.#deps, pod, isWanted, scope, poke), scope, failures: 0 });
    poke();
  }

  #configChanged(key: string): void {
    const namespace = key.split('/')[1];
    for (const { worker } of this.#entries.values()) {
      if (worker.pod.metadata.namespace === namespace) worker.configChanged();
    }
  }

  /** They concern the one pod that they are named after. */
  #tokensChanged(key: string): void {
    const [, namespace, name] = key.split('/');
    for (const { worker } of this.#entries.values()) {
      const { metadata } = worker.pod;
      if (metadata.namespace === namespace && metadata.name === name) worker.configChanged();
    }
  }

  async #work(queue: WorkQueue<string>): Promise<void> {
    for (let uid = await queue.next(); uid !== undefined; uid = await queue.next()) {
      const again = await this.#once(uid);
      queue.done(uid);
      if (again !== undefined) queue.addAfter(uid, again);
    }
  }

  async #once(uid: string): Promise<number | undefined> {
    const entry = this.#entries.get(uid);
    if (entry === undefined) return undefined;
    try {
      const again = await entry.worker.once();
      entry.failures = 0;
      if (entry.worker.life === 'finished') await this.#drop(entry);
      return again;
    } catch (error) {
      entry.failures += 1;
      this.#deps.log.error('pod pass failed', { uid, error });
      return backoffMs(entry.failures, { initialMs: 500, maxMs: 30_000 });
    }
  }

  /** Forgets a finished pod once the controller names it no more, and lets a pod of the same name begin. */
  async #drop({ worker, scope }: Entry): Promise<void> {
    const { namespace = 'default', name } = worker.pod.metadata;
    const key = `pods/${namespace}/${name}`;
    if (this.#deps.link.desired.get(key)?.metadata.uid === worker.uid) return;
    await worker.forget();
    this.#entries.delete(worker.uid);
    void scope.close();
    this.#follow(key);
  }

  async #followEvents(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const { pod } of this.#deps.driver.events(signal)) this.#queue?.add(pod.uid);
      } catch (error) {
        if (!signal.aborted) this.#deps.log.warn('runtime events ended', { error });
      }
      await this.#deps.clock.sleep(1000, signal);
    }
  }

  /** Events are hints: look at everything now and then. */
  async #lookAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#deps.clock.sleep(relistMs, signal);
      try {
        await this.#lookAround();
        for (const uid of this.#entries.keys()) this.#queue?.add(uid);
      } catch (error) {
        this.#deps.log.warn('cannot list what runs', { error });
      }
    }
  }

  /** Follows all wanted pods, and takes down what an earlier process left of others once it is known what is wanted. */
  async #lookAround(): Promise<void> {
    const { desired } = this.#deps.link;
    for (const pod of desired.list('pods/')) this.#follow(`pods/${pod.metadata.namespace ?? ''}/${pod.metadata.name}`);
    if (!desired.isLoaded) return;
    for (const left of await this.#leftovers()) if (!this.#entries.has(left.metadata.uid)) this.#add(left, false);
  }

  async #leftovers(): Promise<Stored<Pod>[]> {
    const { records, driver, volumes } = this.#deps;
    const [uids, volumeUids, found] = await Promise.all([records.list(), volumes.list(), runtimeStates(driver)]);
    const wanted = new Set(this.#deps.link.desired.list('pods/').map(({ metadata }) => metadata.uid));
    const left = new Map<string, Stored<Pod>>();
    for (const uid of new Set([...uids, ...volumeUids, ...found.keys()])) {
      if (wanted.has(uid) || this.#entries.has(uid)) continue;
      const state = found.get(uid);
      const identity = state?.sandboxes[0]?.pod ?? state?.containers[0]?.pod ?? (await records.load(uid));
      left.set(uid, remnant(uid, identity));
    }
    return [...left.values()];
  }
}

/** What is known of a pod that only its remains tell of. */
function remnant(uid: string, identity: Omit<PodIdentity, 'uid'> = { namespace: '', name: uid }): Stored<Pod> {
  const { namespace, name } = identity;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      namespace,
      name,
      uid,
      resourceVersion: '',
      creationTimestamp: '',
    },
    spec: {
      containers: [],
      terminationGracePeriodSeconds: 2,
    },
  };
}
