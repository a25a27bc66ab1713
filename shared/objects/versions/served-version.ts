import { findResource, measured, served, type ResourceInfo, type ResourceName } from '../resources.ts';
import type { KubeObject } from '../types.ts';
import { autoscalerFromV1, autoscalerToV1 } from './autoscaler-v1.ts';
import { eventFromEventsV1, eventToEventsV1 } from './events-v1.ts';

/** A version of a resource that is not the one it is stored in. */
export interface ServedVersion {
  /** How URLs, discovery and bodies name it. */
  info: ResourceInfo;
  /** The stored resource. */
  stored: ResourceInfo;
  fromStored(object: KubeObject): KubeObject;
  /** Also for a part of an object, as server-side apply brings it. Throws BadRequest for what cannot be read. */
  toStored(object: KubeObject): KubeObject;
}

type Conversions = Pick<ServedVersion, 'fromStored' | 'toStored'>;

function version(resource: ResourceName, group: string, name: string, conversions: Conversions): ServedVersion {
  const stored = findResource(resource);
  if (stored === undefined) throw new Error(`there is no resource ${resource} to serve in another version`);
  return { info: { ...stored, group, version: name }, stored, ...conversions };
}

/** All versions besides the stored ones. */
export const servedVersions: readonly ServedVersion[] = [
  version('horizontalpodautoscalers.autoscaling', 'autoscaling', 'v1', {
    fromStored: autoscalerToV1,
    toStored: autoscalerFromV1,
  }),
  version('events', 'events.k8s.io', 'v1', { fromStored: eventToEventsV1, toStored: eventFromEventsV1 }),
];

/** Every resource of every version, in the order of preference. */
export const servedResources: readonly ResourceInfo[] = [...served, ...servedVersions.map(({ info }) => info)];

/** What clients are told of, in discovery and as schemas: what is measured is no object that they send. */
export const publishedResources: readonly ResourceInfo[] = [...servedResources, ...measured];
