import type { Scope } from '../../shared/scope.ts';
import { AccountSecretReconciler, type AccountCredentials } from './account-secret/reconciler.ts';
import { BootstrapReconciler, type Lasting } from './bootstrap/reconciler.ts';
import { ClusterRoleReconciler } from './cluster-role/reconciler.ts';
import { DaemonSetReconciler } from './daemonset/reconciler.ts';
import { DeploymentReconciler } from './deployment/reconciler.ts';
import { DisruptionReconciler } from './disruption/reconciler.ts';
import { EndpointsReconciler } from './endpoints/reconciler.ts';
import { FinishedPods } from './garbage/finished-pods.ts';
import { GarbageCollector } from './garbage/reconciler.ts';
import { StrandedPods } from './garbage/stranded-pods.ts';
import { JobReconciler } from './job/reconciler.ts';
import type { ApiAddress } from './kubernetes-service/objects.ts';
import { KubernetesServiceReconciler } from './kubernetes-service/reconciler.ts';
import { NamespaceReconciler } from './namespace/reconciler.ts';
import { TaintEviction } from './node-lifecycle/eviction.ts';
import { NodeLifecycleReconciler } from './node-lifecycle/reconciler.ts';
import type { NodeLifecycleDeps } from './node-lifecycle/reconciler.ts';
import type { SilenceSettings } from './node-lifecycle/silence.ts';
import { replicaSets, replicationControllers } from './replicaset/replica-kind.ts';
import { ReplicaSetReconciler } from './replicaset/reconciler.ts';

export interface ReconcilersDeps extends NodeLifecycleDeps {
  /** How silence of nodes is judged; absent: four seconds of it. */
  silence?: SilenceSettings;
  /** How programs in pods find and know the API; absent in tests that are not about it. */
  api?: ApiAddress & AccountCredentials;
  /** What is always there; absent in tests that are not about it. */
  bootstrap?: readonly Lasting[];
}

/** Starts every reconciler; they run until `scope` closes. Call it once, when the store is loaded. */
export function startReconcilers(deps: ReconcilersDeps, scope: Scope): void {
  new DeploymentReconciler(deps).run(scope.child('deployment'));
  for (const kind of [replicaSets, replicationControllers]) {
    new ReplicaSetReconciler(deps, kind).run(scope.child(kind.controller));
  }
  new NodeLifecycleReconciler(deps, deps.silence).run(scope.child('node-lifecycle'));
  new TaintEviction(deps).run(scope.child('taint-eviction'));
  new GarbageCollector(deps).run(scope.child('garbage'));
  new StrandedPods(deps).run(scope.child('stranded-pods'));
  new FinishedPods(deps).run(scope.child('finished-pods'));
  new DisruptionReconciler(deps).run(scope.child('disruption'));
  new DaemonSetReconciler(deps).run(scope.child('daemonset'));
  new JobReconciler(deps).run(scope.child('job'));
  new EndpointsReconciler(deps).run(scope.child('endpoints'));
  new ClusterRoleReconciler(deps).run(scope.child('cluster-role'));
  if (deps.api) new AccountSecretReconciler(deps, deps.api).run(scope.child('account-secret'));
  new NamespaceReconciler(deps, deps.api?.authority).run(scope.child('namespace'));
  new BootstrapReconciler(deps, deps.bootstrap ?? []).run(scope.child('bootstrap'));
  if (deps.api) new KubernetesServiceReconciler(deps, deps.api).run(scope.child('kubernetes-service'));
}
