import { randomInt } from 'node:crypto';
import { ApiError } from '../../../shared/errors.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ResourceTarget } from '../resource-path.ts';

/** Letters and digits that make no words. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 5;
const maxBaseLength = 63 - suffixLength;

type Metadata = KubeObject['metadata'];

/** A name from `metadata.generateName`. */
export function generateName(base: string): string {
  const suffix = Array.from({ length: suffixLength }, () => alphabet[randomInt(alphabet.length)]).join('');
  return base.slice(0, maxBaseLength) + suffix;
}

/** The object under the name and namespace of the URL. Throws BadRequest when it says others. */
export function placeObject(object: KubeObject, { info, namespace, name }: ResourceTarget): KubeObject {
  const { metadata } = object;
  const own = metadata.namespace ?? '';
  if (own !== '' && own !== namespace) {
    throw new ApiError(
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (name !== undefined && metadata.name !== undefined && metadata.name !== '' && metadata.name !== name) {
    const why = `the name of the object (${metadata.name}) does not match the name on the URL (${name})`;
    throw new ApiError('BadRequest', why);
  }
  const { namespace: _, ...rest } = metadata;
  const placed: Metadata = { ...withoutEmptyParts(rest), name: name ?? metadata.name };
  return { ...object, metadata: info.namespaced ? { ...placed, namespace } : placed };
}

const parts = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;

/** An empty part says the same as none: who takes the last label away, or one that was not there, leaves no rubble. */
function withoutEmptyParts(metadata: Metadata): Metadata {
  const isEmpty = (part: object | undefined): boolean => part !== undefined && Object.keys(part).length === 0;
  const empty = parts.filter((name) => isEmpty(metadata[name]));
  return Object.fromEntries(
    Object.entries(metadata).filter(([name]) => !empty.some((each) => each === name)),
  ) as Metadata;
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
