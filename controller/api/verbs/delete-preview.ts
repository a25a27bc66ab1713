import type { Clock } from '../../../shared/clock.ts';
import { resourceName } from '../../../shared/objects/resources.ts';
import { checkPreconditions, markDeleted, type Deleted, type DeleteOptions } from '../../store/deletion.ts';
import { isFinished } from '../../store/object-rules.ts';
import type { Store } from '../../store/store.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { findObject } from './read.ts';

/** What a deletion would answer, with nothing stored. Throws NotFound and Conflict as the deletion would. */
export function previewDeletion(store: Store, clock: Clock, target: ResourceTarget, options: DeleteOptions): Deleted {
  const resource = resourceName(target.info);
  const current = findObject(store, target);
  checkPreconditions({ resource, namespace: target.namespace, name: current.metadata.name }, current, options);
  const next = markDeleted(resource, current, options, clock.now());
  return next === undefined
    ? { object: current, removed: true }
    : { object: next, removed: isFinished(resource, next) };
}
