import type { Cause } from '../../errors.ts';
import { applyDefaults } from '../defaults.ts';
import { resourceName, type ResourceInfo, type ResourceName } from '../resources.ts';
import { typeOf } from '../schema-table.ts';
import type { KubeObject, Pod } from '../types.ts';
import { eventCauses, leaseCauses, namespaceCauses, nodeCauses, serviceAccountCauses } from './cluster.ts';
import { configMapCauses, immutableCauses, secretCauses, secretUpdateCauses } from './config.ts';
import { ephemeralUpdateCauses } from './ephemeral.ts';
import { toInvalid } from './invalid.ts';
import { metadataCauses, metadataUpdateCauses } from './metadata.ts';
import { podCauses, podUpdateCauses } from './pod.ts';
import { schemaCauses } from './schema-rules.ts';
import {
  daemonSetCauses,
  deploymentCauses,
  replicaSetCauses,
  statefulSetCauses,
  workloadUpdateCauses,
} from './workload.ts';

/** The rules of one kind. `update` is what an update may not do, on top of `create`, unless it stands for both. */
interface Rules {
  create: (object: never) => Cause[];
  update?: (object: never, old: never) => Cause[];
  /** `update` repeats what it needs of `create`: the rest cannot change any more. */
  updateAlone?: true;
}

const rules: Readonly<Record<ResourceName, Rules>> = {
  namespaces: { create: namespaceCauses },
  nodes: { create: nodeCauses },
  pods: { create: podCauses, update: podUpdateCauses, updateAlone: true },
  configmaps: { create: configMapCauses, update: immutableCauses },
  secrets: { create: secretCauses, update: secretUpdateCauses },
  serviceaccounts: { create: serviceAccountCauses },
  events: { create: eventCauses },
  'deployments.apps': { create: deploymentCauses, update: workloadUpdateCauses },
  'replicasets.apps': { create: replicaSetCauses, update: workloadUpdateCauses },
  'statefulsets.apps': { create: statefulSetCauses, update: workloadUpdateCauses },
  'daemonsets.apps': { create: daemonSetCauses, update: workloadUpdateCauses },
  'leases.coordination.k8s.io': { create: leaseCauses },
};

type Check = (object: KubeObject, old?: KubeObject) => Cause[];

/** Throws Invalid when a new object, decoded and with its defaults and name, breaks a rule. */
export function validateCreate(info: ResourceInfo, object: KubeObject): void {
  throwIfAny(info, object, createCauses(info, object));
}

/** Throws Invalid when an update breaks a rule or changes what must not change. */
export function validateUpdate(info: ResourceInfo, object: KubeObject, old: KubeObject): void {
  throwIfAny(info, object, updateCauses(info, object, old));
}

/** As `validateUpdate` for a write to `pods/ephemeralcontainers`. */
export function validateEphemeralUpdate(info: ResourceInfo, object: KubeObject, old: KubeObject): void {
  const own = ephemeralUpdateCauses(object as Pod, applyDefaults(info, old) as Pod);
  throwIfAny(info, object, [...sharedCauses(info, object), ...own]);
}

function throwIfAny(info: ResourceInfo, { metadata }: KubeObject, causes: Cause[]): void {
  if (causes.length > 0) throw toInvalid(info, metadata.name ?? metadata.generateName ?? '', causes);
}

/** What is wrong with a new object. */
export function createCauses(info: ResourceInfo, object: KubeObject): Cause[] {
  const own = rules[resourceName(info)]?.create as Check | undefined;
  return [...sharedCauses(info, object), ...(own?.(object) ?? [])];
}

/** What is wrong with an update from `stored` to `object`. What was stored without defaults is compared with them. */
export function updateCauses(info: ResourceInfo, object: KubeObject, stored: KubeObject): Cause[] {
  const old = applyDefaults(info, stored);
  const { create, update, updateAlone } = rules[resourceName(info)] ?? {};
  return [
    ...sharedCauses(info, object),
    ...metadataUpdateCauses(object, old),
    ...(updateAlone ? [] : ((create as Check | undefined)?.(object) ?? [])),
    ...((update as Check | undefined)?.(object, old) ?? []),
  ];
}

/** Events are written by programs that leave much out, so the schema does not bind them. */
function sharedCauses(info: ResourceInfo, object: KubeObject): Cause[] {
  const isEvent = resourceName(info) === 'events';
  const fields = object as unknown as Record<string, unknown>;
  return [...metadataCauses(info, object), ...(isEvent ? [] : schemaCauses(typeOf(info), fields))];
}
