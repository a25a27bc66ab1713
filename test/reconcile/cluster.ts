import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NodeLiveness } from '../../controller/reconcile/node-lifecycle/liveness.ts';
import { startReconcilers } from '../../controller/reconcile/start.ts';
import { Scheduler } from '../../controller/scheduler/scheduler.ts';
import { openStore } from '../../controller/store/cached-store.ts';
import { deleteObject } from '../../controller/store/deletion.ts';
import type { DeleteOptions } from '../../controller/store/deletion.ts';
import { EventRecorder } from '../../controller/store/event-recorder.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { Change, Store } from '../../controller/store/store.ts';
import { rfc3339 } from '../../shared/clock.ts';
import { ApiError } from '../../shared/errors.ts';
import { silentLogger } from '../../shared/log.ts';
import type { Deployment, Event, KubeObject, Pod, ReplicaSet } from '../../shared/objects/types.ts';
import { Scope } from '../../shared/scope.ts';
import { delegateTo } from '../fakes/delegating-store.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { aNode } from '../objects.ts';
import { randomFrom } from '../support/random-from.ts';

export type PodObject = KubeObject & Pod;
export type DeploymentObject = KubeObject & Deployment;
export type ReplicaSetObject = KubeObject & ReplicaSet;

/** Every reconciler and the scheduler on a real store, with nodes that only pretend to run pods, in manual time. */
export class Cluster implements NodeLiveness {
  readonly clock = new ManualClock();
  readonly scope = new Scope('cluster');
  readonly controllers = this.scope.child('controllers');
  readonly #state: StateStore;
  readonly store: Store;
  /** Silent nodes, and when they were heard last. */
  readonly #silent = new Map<string, number>();
  #onHeard: (node: string) => void = () => undefined;
  /** Whether a pod's containers become ready. */
  isHealthy: (pod: PodObject) => boolean = () => true;
  /** Agents end pods that are being deleted. */
  endsPods = true;

  private constructor(state: StateStore, store: Store, clock: ManualClock) {
    this.#state = state;
    this.store = store;
    this.clock = clock;
  }

  static async start(nodes = 3): Promise<Cluster> {
    const clock = new ManualClock();
    const state = await openSqliteStore(':memory:');
    const cluster = new Cluster(state, await openStore(state, clock), clock);
    for (let node = 1; node <= nodes; node += 1) await cluster.store.create('nodes', aFreshNode(`node-${node}`));
    cluster.startControllers(cluster.controllers);
    cluster.scope.spawn(
      (signal) => cluster.#runAgents(signal),
      (error) => assert.fail(String(error)),
    );
    return cluster;
  }

  /** Starts a whole set of controllers, as one controller process does. The first set runs on `controllers`. */
  startControllers(scope: Scope, store: Store = this.store): void {
    const { clock } = this;
    const log = silentLogger;
    const events = new EventRecorder({ store, clock, log });
    const deps = { store, clock, log, events, random: randomFrom(7) };
    startReconcilers({ ...deps, liveness: this }, scope.child('reconcilers'));
    new Scheduler(deps).run(scope.child('scheduler'));
  }

  async stop(): Promise<void> {
    await this.scope.close();
    await this.#state.close();
  }

  /** Lets time pass in small steps until the condition holds. */
  async until(what: string, condition: () => boolean, withinMs = 120_000, stepMs = 100): Promise<void> {
    const deadline = this.clock.monotonic() + withinMs;
    while (!condition()) {
      if (this.clock.monotonic() >= deadline) assert.fail(`not within ${withinMs} ms: ${what}\n${this.describe()}`);
      await this.clock.advance(stepMs);
      await sleep(1);
    }
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.monotonic() + ms;
    const stepMs = ms > 30_000 ? 1_000 : 100;
    await this.until(`${ms} ms to pass`, () => this.clock.monotonic() >= end, ms + 2_000, stepMs);
  }

  silence(...nodes: string[]): void {
    for (const node of nodes) this.#silent.set(node, this.clock.monotonic());
  }

  /** The nodes are heard again, and unless they are `mute`, their agents say how they are. */
  async revive(nodes: readonly string[], { mute = false } = {}): Promise<void> {
    for (const node of nodes) {
      this.#silent.delete(node);
      this.#onHeard(node);
      if (!mute) await this.store.modify('nodes', '', node, (object) => ({ ...object, status: aNode().status }));
    }
  }

  lastSeen(node: string): number | undefined {
    return this.#silent.get(node) ?? this.clock.monotonic();
  }

  onChange(listener: (node: string) => void): void {
    this.#onHeard = listener;
  }

  pods(): readonly PodObject[] {
    return this.store.list<PodObject>('pods').items;
  }

  livePods(): PodObject[] {
    return this.pods().filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  }

  readyPods(): PodObject[] {
    return this.livePods().filter(isReady);
  }

  deployment(name = 'web'): DeploymentObject {
    const found = this.store.get<DeploymentObject>('deployments.apps', 'default', name);
    assert.ok(found, `Deployment ${name} not found`);
    return found;
  }

  sets(): readonly ReplicaSetObject[] {
    return this.store.list<ReplicaSetObject>('replicasets.apps').items;
  }

  async change(change: (deployment: DeploymentObject) => void, name = 'web'): Promise<void> {
    await this.store.modify<DeploymentObject>('deployments.apps', 'default', name, (deployment) => {
      change(deployment);
      return deployment;
    });
  }

  async delete(resource: string, namespace: string, name: string, options: DeleteOptions = {}): Promise<void> {
    await deleteObject(this.store, this.clock, resource, namespace, name, options);
  }

  events(reason: string): string[] {
    const { items } = this.store.list<KubeObject & Event>('events');
    return items.filter((event) => event.reason === reason).map(({ message }) => message ?? '');
  }

  isRolledOut(name = 'web'): boolean {
    const { spec, status, metadata } = this.deployment(name);
    const counts = [status?.replicas, status?.updatedReplicas, status?.availableReplicas];
    return status?.observedGeneration === metadata.generation && counts.every((count) => count === spec?.replicas);
  }

  condition(type: string, name = 'web'): { status: string; reason?: string; message?: string } | undefined {
    return this.deployment(name).status?.conditions?.find((condition) => condition.type === type);
  }

  /** Calls `check` after every change from now on; what it throws is thrown by `stop`. */
  always(check: (change: Change) => void): () => void {
    let broken: unknown;
    const watch = async (signal: AbortSignal): Promise<void> => {
      for await (const change of this.store.watch({ from: this.store.version, signal })) check(change);
    };
    this.scope.spawn(watch, (error) => (broken ??= error));
    return () => {
      if (broken !== undefined) throw broken;
    };
  }

  /** What there is, for a failure message. */
  describe(): string {
    const pods = this.pods().map(({ metadata, spec, status }) => {
      const conditions = status?.conditions?.map((each) => `${each.type}=${each.status}`).join(' ');
      return `${metadata.name} on ${spec?.nodeName} ${status?.phase} ${conditions} ${metadata.deletionTimestamp ?? ''}`;
    });
    const sets = this.sets().map(({ metadata, spec, status }) => {
      return `${metadata.name} replicas=${spec?.replicas} ${JSON.stringify(status)}`;
    });
    return [...sets, ...pods].join('\n');
  }

  async #runAgents(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await Promise.all(this.pods().map((pod) => this.#runPod(pod)));
      await this.clock.sleep(200, signal);
    }
  }

  /** As an agent reports that it has ended; it goes now, or with its last finalizer. */
  async #endPod({ metadata }: PodObject): Promise<void> {
    const end = (current: PodObject): PodObject => ({
      ...current,
      metadata: { ...current.metadata, deletionGracePeriodSeconds: 0 },
      status: { ...current.status, phase: current.status?.phase === 'Succeeded' ? 'Succeeded' : 'Failed' },
    });
    await this.store.modify('pods', metadata.namespace ?? '', metadata.name, end).catch(() => undefined);
  }

  async #runPod(pod: PodObject): Promise<void> {
    const { metadata, spec, status } = pod;
    const node = spec?.nodeName;
    if (node === undefined || this.#silent.has(node)) return;
    if (metadata.deletionTimestamp !== undefined) {
      if (this.endsPods) await this.#endPod(pod);
      return;
    }
    if (status?.phase === 'Failed' || status?.phase === 'Succeeded') return;
    const ready = this.isHealthy(pod) ? 'True' : 'False';
    const current = status?.conditions?.find(({ type }) => type === 'Ready');
    if (current?.status === ready || current?.reason === 'NodeLost') return;
    const condition = { type: 'Ready', status: ready, lastTransitionTime: rfc3339(this.clock.now()) };
    const others = status?.conditions?.filter(({ type }) => type !== 'Ready') ?? [];
    const next = { ...pod, status: { ...status, phase: 'Running', conditions: [...others, condition] } };
    await this.store.update('pods', next).catch(() => undefined);
  }
}

export function isReady({ status }: PodObject): boolean {
  return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

function aFreshNode(name: string): KubeObject {
  const node = aNode({ name });
  return { ...node, metadata: { name, labels: node.metadata.labels } };
}

/** A store for controllers that die: after so many writes, none arrives any more. */
export function dyingStore(store: Store, writes: number): Store {
  let left = writes;
  const write = <A extends unknown[], R>(call: (...args: A) => Promise<R>): ((...args: A) => Promise<R>) => {
    return async (...args) => {
      left -= 1;
      if (left < 0) throw new ApiError('ServiceUnavailable', 'this controller has died');
      return call(...args);
    };
  };
  return delegateTo(store, {
    create: write(store.create.bind(store)) as Store['create'],
    update: write(store.update.bind(store)) as Store['update'],
    modify: write(store.modify.bind(store)) as Store['modify'],
    remove: write(store.remove.bind(store)),
  });
}

interface DeploymentOptions {
  name?: string;
  replicas?: number;
  image?: string;
  spec?: Partial<NonNullable<Deployment['spec']>>;
  annotations?: Record<string, string>;
}

/** A Deployment as the API would store it. */
export function aDeployment({
  name = 'web',
  replicas = 3,
  image = 'hello:1',
  spec = {},
  annotations,
}: DeploymentOptions = {}): DeploymentObject {
  const labels = { app: name };
  const containers = [{ name: 'main', image, resources: {} }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default', labels, annotations },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { restartPolicy: 'Always', containers } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...spec,
    },
  };
}

/** Gives the Deployment's pods another image. */
export function setImage(image: string): (deployment: DeploymentObject) => void {
  return ({ spec }) => {
    const container = spec?.template.spec?.containers[0];
    assert.ok(container);
    container.image = image;
  };
}

/** What `kubectl rollout undo` does: the template of the set with this revision, without its hash label. */
export function undoTo(set: ReplicaSetObject): (deployment: DeploymentObject) => void {
  return (deployment) => {
    const template = structuredClone(set.spec?.template);
    assert.ok(template?.metadata?.labels && deployment.spec);
    delete template.metadata.labels['pod-template-hash'];
    deployment.spec.template = template;
  };
}
