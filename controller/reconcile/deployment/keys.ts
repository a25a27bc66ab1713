import { selects } from '../../../shared/objects/selector.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { Change, Store } from '../../store/store.ts';
import { controllerOf } from '../owners.ts';
import { isFinished, isReady, isTerminating } from '../pod-state.ts';
import type { PodObject } from '../pod-state.ts';
import type { ReplicaSetObject } from '../replicaset/observe.ts';
import { keyOf } from '../runner.ts';
import type { DeploymentObject } from './deployment.ts';

/** The Deployments that a change concerns. */
export function deploymentKeys(store: Store, change: Change): string[] {
  switch (change.key.resource) {
    case 'deployments.apps':
      return [keyOf(change.key)];
    case 'replicasets.apps':
      return keysOfSet(store, change);
    default:
      return isOfInterest(change) ? keysOfPod(store, change.object) : [];
  }
}

function keysOfSet(store: Store, { object, previous }: Change): string[] {
  const owners = [object, previous].flatMap((set) => (set && ownerKey(set, 'Deployment')) ?? []);
  if (controllerOf(object) !== undefined) return owners;
  const { items } = store.list<DeploymentObject>('deployments.apps', { namespace: object.metadata.namespace ?? '' });
  const adopters = items.filter(({ spec }) => selects(spec?.selector, object.metadata.labels));
  return [...owners, ...adopters.map(({ metadata }) => keyOf(metadata))];
}

/** Most pod changes move nothing in a rollout; those that do may free room before the set's status says so. */
function isOfInterest({ type, object, previous }: Change): boolean {
  if (type !== 'MODIFIED' || previous === undefined) return true;
  const before = previous as PodObject;
  const after = object as PodObject;
  return [isReady, isTerminating, isFinished].some((is) => is(before) !== is(after));
}

function keysOfPod(store: Store, pod: KubeObject): string[] {
  const owner = controllerOf(pod);
  if (owner?.kind !== 'ReplicaSet') return [];
  const set = store.get<ReplicaSetObject>('replicasets.apps', pod.metadata.namespace ?? '', owner.name);
  return set === undefined ? [] : [ownerKey(set, 'Deployment') ?? []].flat();
}

function ownerKey(object: KubeObject, kind: string): string | undefined {
  const owner = controllerOf(object);
  return owner?.kind === kind ? keyOf({ namespace: object.metadata.namespace, name: owner.name }) : undefined;
}
