import { isDeepStrictEqual } from 'node:util';
import { hasReason } from '../../../shared/errors.ts';
import type { DeploymentStatus, KubeObject, Namespace } from '../../../shared/objects/types.ts';
import type { Scope } from '../../../shared/scope.ts';
import type { Change } from '../../store/store.ts';
import { claimChildren } from '../claim.ts';
import type { ReconcileDeps } from '../deps.ts';
import { startFollowing } from '../../store/follow.ts';
import { OrphanIndex } from '../orphans.ts';
import type { ReplicaSetObject } from '../replicaset/observe.ts';
import { Runner, splitKey } from '../runner.ts';
import type { DeploymentObject } from './deployment.ts';
import { desiredRollout, revisionAnnotation } from './deployment.ts';
import { deploymentKeys } from './keys.ts';
import { observeSet } from './observe.ts';
import { planRollout } from './plan.ts';
import { annotationsOfCurrent, nextRevision, planCleanup, revisionOf, splitSets } from './revisions.ts';
import { createSet, currentName, removeSet, updateSet } from './sets.ts';
import { countSets, isComplete, planStatus, untilDeadline } from './status.ts';

const resource = 'deployments.apps';

const noPods = { replicas: 0, live: 0, available: 0, running: 0, createdAt: 0 };

interface Applied {
  current: ReplicaSetObject | undefined;
  old: ReplicaSetObject[];
  created: boolean;
}

/** Rolls each Deployment out over its ReplicaSets. Writes their size, its own status and its revision annotation. */
export class DeploymentReconciler {
  readonly #deps: ReconcileDeps;
  readonly #orphans: OrphanIndex<ReplicaSetObject>;

  constructor(deps: ReconcileDeps) {
    this.#deps = deps;
    this.#orphans = new OrphanIndex(deps.store, 'replicasets.apps');
  }

  run(scope: Scope): void {
    const runner = new Runner('deployment', (key) => this.reconcile(key), this.#deps, scope);
    const follower = {
      resources: [resource, 'replicasets.apps', 'pods'],
      reset: () => this.#orphans.reset(),
      apply: (change: Change) => {
        if (change.key.resource === 'replicasets.apps') this.#orphans.apply(change);
        deploymentKeys(this.#deps.store, change).forEach((key) => runner.add(key));
      },
    };
    startFollowing(this.#deps, follower, scope);
  }

  async reconcile(key: string): Promise<number | undefined> {
    const { store, clock } = this.#deps;
    const { namespace, name } = splitKey(key);
    const deployment = store.get<DeploymentObject>(resource, namespace, name);
    if (deployment === undefined) return undefined;
    const sets = await claimChildren(store, 'replicasets.apps', deployment, this.#orphans.list(namespace));
    const split = splitSets(deployment, sets);
    const applied = this.#isLeaving(deployment)
      ? { ...split, created: false }
      : await this.#applyPlan(deployment, split.current, split.old);
    const status = planStatus({ deployment, ...applied, now: clock.now() });
    const written = await this.#write(deployment, status, applied.current);
    if (written !== undefined) await this.#cleanUp(written, applied);
    return untilDeadline(deployment, status, clock.now());
  }

  #isLeaving({ metadata }: DeploymentObject): boolean {
    const namespace = this.#deps.store.get<KubeObject & Namespace>('namespaces', '', metadata.namespace ?? '');
    return metadata.deletionTimestamp !== undefined || namespace?.metadata.deletionTimestamp !== undefined;
  }

  async #applyPlan(
    deployment: DeploymentObject,
    current: ReplicaSetObject | undefined,
    old: ReplicaSetObject[],
  ): Promise<Applied> {
    const desired = desiredRollout(deployment);
    const observe = (set: ReplicaSetObject) => observeSet(this.#deps, deployment, set);
    const toBe = { ...noPods, name: currentName(deployment) };
    const observed = current === undefined ? (desired.isPaused ? undefined : toBe) : observe(current);
    const sizes = planRollout(desired, { current: observed, old: old.map(observe) });
    const sizeOf = (name: string): number => sizes.get(name) ?? 0;
    const annotations = annotationsOfCurrent(deployment, current, nextRevision(old));
    const sizeOfCurrent = { replicas: sizeOf(observed?.name ?? ''), desired, annotations };
    const [applied, ...rest] = await Promise.all([
      this.#applyCurrent(deployment, current, sizeOfCurrent),
      ...old.map((set) => updateSet(this.#deps, deployment, set, { replicas: sizeOf(set.metadata.name), desired })),
    ]);
    return { current: applied, old: rest, created: current === undefined && applied !== undefined };
  }

  async #applyCurrent(
    deployment: DeploymentObject,
    current: ReplicaSetObject | undefined,
    size: Parameters<typeof createSet>[2],
  ): Promise<ReplicaSetObject | undefined> {
    if (current !== undefined) return updateSet(this.#deps, deployment, current, size);
    if (size.desired.isPaused) return undefined;
    try {
      return await createSet(this.#deps, deployment, size);
    } catch (error) {
      if (hasReason(error, 'AlreadyExists')) await this.#countCollision(deployment);
      throw error;
    }
  }

  /** The name is taken by a set with another template or owner: the next try uses another hash. */
  async #countCollision(deployment: DeploymentObject): Promise<void> {
    const { namespace = '', name } = deployment.metadata;
    const collisionCount = (deployment.status?.collisionCount ?? 0) + 1;
    await this.#deps.store.modify<DeploymentObject>(resource, namespace, name, (fresh) => {
      return { ...fresh, status: { ...fresh.status, collisionCount } };
    });
  }

  /** Undefined when the Deployment is gone. */
  async #write(
    deployment: DeploymentObject,
    status: DeploymentStatus,
    current: ReplicaSetObject | undefined,
  ): Promise<DeploymentObject | undefined> {
    const { namespace = '', name, uid } = deployment.metadata;
    const revision = current === undefined ? undefined : String(revisionOf(current));
    const isSame = (object: DeploymentObject): boolean =>
      isDeepStrictEqual(object.status, status) &&
      (revision === undefined || object.metadata.annotations?.[revisionAnnotation] === revision);
    if (isSame(deployment)) return deployment;
    try {
      return await this.#deps.store.modify<DeploymentObject>(resource, namespace, name, (fresh) => {
        if (fresh.metadata.uid !== uid) return undefined;
        const annotations = { ...fresh.metadata.annotations, ...(revision && { [revisionAnnotation]: revision }) };
        return { ...fresh, metadata: { ...fresh.metadata, annotations }, status };
      });
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async #cleanUp(deployment: DeploymentObject, { current, old }: Applied): Promise<void> {
    const counts = countSets({ deployment, current, old });
    if (!isComplete(deployment, counts) && deployment.spec?.paused !== true) return;
    const names = new Set(planCleanup(deployment.spec?.revisionHistoryLimit ?? 10, old));
    const removed = old.filter(({ metadata }) => names.has(metadata.name));
    await Promise.all(removed.map((set) => removeSet(this.#deps, set)));
  }
}
