import { isDeepStrictEqual } from 'node:util';
import { hasReason } from '../../../shared/errors.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import { selects } from '../../../shared/objects/selector.ts';
import type { KubeObject, Namespace } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import { deleteObject } from '../../store/deletion.ts';
import { startFollowing } from '../../store/follow.ts';
import type { Change } from '../../store/store.ts';
import { claimChildren } from '../claim.ts';
import type { ReconcileDeps } from '../deps.ts';
import { OrphanIndex } from '../orphans.ts';
import { controllerOf } from '../owners.ts';
import { createPods, deletePods } from '../pod-changes.ts';
import type { PodObject } from '../pod-state.ts';
import { keyOf, Runner, splitKey } from '../runner.ts';
import { type JobObject, orderOf } from './job-pod.ts';
import { observeJobPod, trackingFinalizer } from './observe.ts';
import { isFinishedJob } from './outcome.ts';
import { type JobPlan, planJob } from './plan.ts';

const resource = 'jobs.batch';
const component = 'job-controller';
/** The controller that a Job without `managedBy` has: this one. */
const ownManager = 'kubernetes.io/job-controller';
const nameLabel = 'batch.kubernetes.io/job-name';

/** Runs Jobs to their end: makes their pods, counts how these end, and says when the Job is over. */
export class JobReconciler {
  readonly #deps: ReconcileDeps;
  readonly #orphans: OrphanIndex<PodObject>;

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
    this.#orphans = new OrphanIndex(deps.store, 'pods');
  }

  run(scope: Scope): void {
    const runner = new Runner('job', (key) => this.reconcile(key), this.#deps, scope);
    const follower = {
      resources: [resource, 'pods'],
      reset: () => this.#orphans.reset(),
      apply: (change: Change) => this.#keysOf(change).forEach((key) => runner.add(key)),
    };
    startFollowing(this.#deps, follower, scope);
  }

  async reconcile(key: string): Promise<number | undefined> {
    const { store, clock } = this.#deps;
    const { namespace, name } = splitKey(key);
    const job = store.get<JobObject>(resource, namespace, name);
    await this.#releaseStrangers(namespace, name, job?.metadata.uid);
    if (job?.spec === undefined || (job.spec.managedBy ?? ownManager) !== ownManager) return undefined;
    const pods = await claimChildren(store, 'pods', job, this.#orphans.list(namespace));
    const plan = planJob({
      name,
      namespace,
      spec: job.spec,
      status: job.status ?? {},
      pods: pods.map(observeJobPod),
      isDeleted: job.metadata.deletionTimestamp !== undefined,
      now: clock.now(),
    });
    await this.#apply(job, plan, pods);
    return isFinishedJob(plan.status) ? this.#expire(job, plan) : plan.againMs;
  }

  async #apply(job: JobObject, plan: JobPlan, pods: readonly PodObject[]): Promise<void> {
    const { store, events } = this.#deps;
    if (!isDeepStrictEqual(job.status ?? {}, plan.status)) {
      // Over the version that was counted from: what another has counted meanwhile is not undone.
      await store.update(resource, { ...job, status: plan.status });
      for (const { type, reason, message } of plan.events) events.record(job, type, reason, message, component);
    }
    const counted = new Set(plan.release);
    await this.#release(pods.filter(({ metadata }) => counted.has(metadata.name)));
    const deps = { ...this.#deps, component };
    const deleted = await deletePods(deps, job, plan.delete);
    const orders = this.#isEmptied(job) ? [] : plan.create.map((slot) => orderOf(store, job, slot));
    const created = await createPods(deps, job, orders);
    const failure = deleted ?? created;
    if (failure !== undefined) throw failure.error;
  }

  /** Lets counted pods go. */
  async #release(pods: readonly PodObject[]): Promise<void> {
    await Promise.all(
      pods.map(async ({ metadata }) => {
        try {
          await this.#deps.store.modify<PodObject>('pods', metadata.namespace ?? '', metadata.name, withoutFinalizer);
        } catch (error) {
          if (!hasReason(error, 'NotFound')) throw error;
        }
      }),
    );
  }

  /** Pods that were a Job's which is no more, or that it gave up: nobody would count them. */
  async #releaseStrangers(namespace: string, name: string, uid: string | undefined): Promise<void> {
    const { items } = this.#deps.store.list<PodObject>('pods', { namespace });
    const strangers = items.filter((pod) => {
      if (pod.metadata.finalizers?.includes(trackingFinalizer) !== true || jobNameOf(pod) !== name) return false;
      const owner = controllerOf(pod);
      return owner === undefined ? uid === undefined : owner.kind === 'Job' && owner.uid !== uid;
    });
    await this.#release(strangers);
  }

  /** Removes a finished Job when its time is over; the milliseconds until then. */
  async #expire({ metadata, spec }: JobObject, { status }: JobPlan): Promise<number | undefined> {
    const { store, clock } = this.#deps;
    const seconds = spec?.ttlSecondsAfterFinished;
    if (seconds === undefined || metadata.deletionTimestamp !== undefined) return undefined;
    const condition = findCondition(status.conditions, 'Complete') ?? findCondition(status.conditions, 'Failed');
    const left = Date.parse(condition?.lastTransitionTime ?? '') + seconds * 1000 - clock.now();
    if (left > 0) return left;
    const { namespace = '', name, uid } = metadata;
    const options = { propagationPolicy: 'Foreground', ...(uid !== undefined && { uid }) } as const;
    await deleteObject(store, clock, resource, namespace, name, options).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound')) throw error;
    });
    return undefined;
  }

  /** Nothing new comes into a namespace that is being deleted. */
  #isEmptied({ metadata }: JobObject): boolean {
    const namespace = this.#deps.store.get<KubeObject & Namespace>('namespaces', '', metadata.namespace ?? '');
    return namespace?.metadata.deletionTimestamp !== undefined;
  }

  #keysOf(change: Change): string[] {
    if (change.key.resource === resource) return [keyOf(change.key)];
    this.#orphans.apply(change);
    const states = [change.object, change.previous].filter((pod) => pod !== undefined) as PodObject[];
    const owners = states.flatMap((pod) => {
      const name = jobNameOf(pod);
      return name === undefined ? [] : [keyOf({ namespace: pod.metadata.namespace, name })];
    });
    return controllerOf(change.object) === undefined ? [...owners, ...this.#selecting(change.object)] : owners;
  }

  /** Those that might adopt this pod. */
  #selecting({ metadata }: KubeObject): string[] {
    const { items } = this.#deps.store.list<JobObject>(resource, { namespace: metadata.namespace ?? '' });
    return items.filter(({ spec }) => selects(spec?.selector, metadata.labels)).map((job) => keyOf(job.metadata));
  }
}

function withoutFinalizer(pod: PodObject): PodObject | undefined {
  const { finalizers = [] } = pod.metadata;
  if (!finalizers.includes(trackingFinalizer)) return undefined;
  const left = finalizers.filter((each) => each !== trackingFinalizer);
  return { ...pod, metadata: { ...pod.metadata, finalizers: left.length > 0 ? left : undefined } };
}

/** The Job that the pod belongs to, or did. */
function jobNameOf(pod: PodObject): string | undefined {
  const owner = controllerOf(pod);
  if (owner !== undefined) return owner.kind === 'Job' ? owner.name : undefined;
  return pod.metadata.finalizers?.includes(trackingFinalizer) ? pod.metadata.labels?.[nameLabel] : undefined;
}
