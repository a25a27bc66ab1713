import type { ResourceName } from '../resources.ts';
import type { KubeObject } from '../types.ts';

/**
 * What a status says before anybody wrote it. Kubernetes sends the status of these kinds from the first answer on, with
 * the counts that are never left out; typed clients read fields of it, and some refuse an object that lacks a count.
 */
const unwritten: Readonly<Record<ResourceName, object>> = {
  nodes: {},
  services: { loadBalancer: {} },
  persistentvolumes: { phase: 'Pending' },
  replicationcontrollers: { replicas: 0 },
  resourcequotas: {},
  'deployments.apps': {},
  'replicasets.apps': { replicas: 0 },
  'statefulsets.apps': { replicas: 0, availableReplicas: 0 },
  'daemonsets.apps': { currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 },
  'jobs.batch': {},
  'cronjobs.batch': {},
  'horizontalpodautoscalers.autoscaling': { currentReplicas: 0, desiredReplicas: 0 },
  'poddisruptionbudgets.policy': { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
  'ingresses.networking.k8s.io': { loadBalancer: {} },
};

/** An object with the fields of its status that are always there. */
export function withStatusFields<T extends KubeObject>(resource: ResourceName, object: T): T {
  const always = unwritten[resource];
  const { status } = object as { status?: object };
  return always === undefined ? object : { ...object, status: { ...always, ...status } };
}
