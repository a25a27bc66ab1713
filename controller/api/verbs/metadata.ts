import { isDeepStrictEqual } from 'node:util';
import { ApiError } from '../../../shared/errors.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ResourceTarget } from '../resource-path.ts';

/** Letters and digits that make no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const maxBaseLength = 63 - suffixLength;

type Metadata = KubeObject['metadata'];

/** A name from `metadata.generateName`; `random` gives numbers from 0 to below 1. */
export function generateName(base: string, random: () => number): string {
  const suffix = Array.from({ length: suffixLength }, () => alphabet[Math.floor(random() * alphabet.length)]).join('');
  return base.slice(0, maxBaseLength) + suffix;
}

/** The object under the name and namespace of the URL. Throws BadRequest when it says others. */
export function placeObject(object: KubeObject, { info, namespace, name }: ResourceTarget): KubeObject {
  const { namespace: own = '', ...rest } = object.metadata;
  // What a cluster-scoped object says of a namespace means nothing: charts set one on everything.
  if (info.namespaced && own !== '' && own !== namespace)
    throw new ApiError('BadRequest', elsewhere(own, namespace, name));
  if (name !== undefined && rest.name !== undefined && rest.name !== '' && rest.name !== name) {
    const why = `the name of the object (${rest.name}) does not match the name on the URL (${name})`;
    throw new ApiError('BadRequest', why);
  }
  const placed: Metadata = { ...withoutEmptyParts(rest), name: name ?? rest.name };
  return { ...object, metadata: info.namespaced ? { ...placed, namespace } : placed };
}

/** As `placeObject` for what replaces an object, which has to say its name. */
export function placeReplacement(object: KubeObject, target: ResourceTarget): KubeObject {
  if (object.metadata.name) return placeObject(object, target);
  const why = `the name of the object (${target.name} based on URL) was undeterminable: name must be provided`;
  throw new ApiError('BadRequest', why);
}

function elsewhere(own: string, namespace: string, name: string | undefined): string {
  return name === undefined
    ? 'the namespace of the provided object does not match the namespace sent on the request'
    : `the namespace of the object (${own}) does not match the namespace on the request (${namespace})`;
}

const emptyParts = { labels: {}, annotations: {}, finalizers: [], ownerReferences: [] };

/** An empty part says the same as none: who takes the last label away, or one that was not there, leaves no rubble. */
export function withoutEmptyParts(metadata: Metadata): Metadata {
  const empty = Object.entries(emptyParts)
    .filter(([name, none]) => isDeepStrictEqual(metadata[name as keyof Metadata], none))
    .map(([name]) => name);
  return Object.fromEntries(Object.entries(metadata).filter(([name]) => !empty.includes(name))) as Metadata;
}

/** Without what only the server says about a new object. */
export function dropSystemMetadata(object: KubeObject): KubeObject {
  const {
    uid: _uid,
    resourceVersion: _version,
    creationTimestamp: _creation,
    generation: _generation,
    deletionTimestamp: _deletion,
    deletionGracePeriodSeconds: _grace,
    managedFields: _managed,
    selfLink: _link,
    ...metadata
  } = object.metadata;
  return { ...object, metadata };
}

/** With what only the server says, as it is of the stored object. */
export function keepSystemMetadata(next: KubeObject, { metadata: current }: KubeObject): KubeObject {
  const { uid, creationTimestamp, generation, deletionTimestamp, deletionGracePeriodSeconds, resourceVersion } =
    current;
  const kept = {
    uid,
    creationTimestamp,
    resourceVersion,
    ...(generation !== undefined && { generation }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
  };
  const { managedFields } = next.metadata;
  const bare = dropSystemMetadata(next);
  return { ...bare, metadata: { ...bare.metadata, ...(managedFields && { managedFields }), ...kept } };
}
