import type { ResourceName } from '../../../shared/objects/resources.ts';
import { podSelectorOf } from '../../../shared/objects/selector.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ReplicaSetObject } from './observe.ts';

/** A kind whose objects keep a number of pods and nothing else. They differ in name and in how selectors are written. */
export interface ReplicaKind {
  resource: ResourceName;
  kind: string;
  /** What its queue and its Events are named after. */
  controller: string;
  component: string;
}

export const replicaSets: ReplicaKind = {
  resource: 'replicasets.apps',
  kind: 'ReplicaSet',
  controller: 'replicaset',
  component: 'replicaset-controller',
};

export const replicationControllers: ReplicaKind = {
  resource: 'replicationcontrollers',
  kind: 'ReplicationController',
  controller: 'replicationcontroller',
  component: 'replication-controller',
};

/** An object of any such kind as a ReplicaSet. To be read only: it is not what is stored. */
export function asReplicaSet(object: KubeObject): ReplicaSetObject {
  const set = object as ReplicaSetObject;
  const selector = podSelectorOf(object);
  return set.spec === undefined ? set : ({ ...set, spec: { ...set.spec, selector } } as ReplicaSetObject);
}
