import { ApiError } from '../../shared/errors.ts';
import type { ErrorDetails } from '../../shared/errors.ts';
import type { ObjectKey } from './state-store.ts';

/** The refusals of a store, in the words that clients and scripts match. */
export function notFound(key: ObjectKey): ApiError {
  return new ApiError('NotFound', `${key.resource} "${key.name}" not found`, detailsOf(key));
}

export function alreadyExists(key: ObjectKey): ApiError {
  return new ApiError('AlreadyExists', `${key.resource} "${key.name}" already exists`, detailsOf(key));
}

const modified = 'the object has been modified; please apply your changes to the latest version and try again';

export function conflict(key: ObjectKey, why: string = modified): ApiError {
  const message = `Operation cannot be fulfilled on ${key.resource} "${key.name}": ${why}`;
  return new ApiError('Conflict', message, detailsOf(key));
}

/** `deployments.apps` → kind deployments, group apps. */
function detailsOf({ resource, name }: ObjectKey): ErrorDetails {
  const [kind = '', ...group] = resource.split('.');
  return { name, kind, ...(group.length > 0 && { group: group.join('.') }) };
}
