import type { KubeObject } from '../../../shared/objects/types.ts';
import type { Change } from '../../store/store.ts';
import type { Selection } from './selection.ts';

export interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: KubeObject;
}

/**
 * What a change means to a watch of a selection, or undefined when it means nothing. An object that starts to match
 * comes as ADDED, one that stops as DELETED, as it was when it still matched and with the version of the change.
 */
export function eventOf(change: Change, selection: Pick<Selection, 'has'>): WatchEvent | undefined {
  const { type, object, previous } = change;
  const matches = selection.has(object);
  if (type !== 'MODIFIED' || previous === undefined) return matches ? { type, object } : undefined;
  const matched = selection.has(previous);
  if (matches) return { type: matched ? 'MODIFIED' : 'ADDED', object };
  if (!matched) return undefined;
  const metadata = { ...previous.metadata, resourceVersion: String(change.version) };
  return { type: 'DELETED', object: { ...previous, metadata } };
}
