import type { Event } from '../../../shared/objects/types.ts';
import { ageOf } from '../../../shared/age.ts';
import type { Column } from './column.ts';
import { column, integer, nameColumn, wide } from './column.ts';

export const eventColumns: readonly Column[] = [
  column<Event>('Last Seen', 'Time since it happened last', (event, now) => ageOf(lastSeen(event), now)),
  column<Event>('Type', 'Normal or Warning', ({ type }) => type ?? ''),
  column<Event>('Reason', 'What happened, in one word', ({ reason }) => reason ?? ''),
  column<Event>('Object', 'What it happened to', objectOf),
  column<Event>('Subobject', 'Part of the object', ({ involvedObject }) => involvedObject.fieldPath ?? '', wide),
  column<Event>('Source', 'Who reported it', sourceOf, wide),
  column<Event>('Message', 'What happened', ({ message }) => (message ?? '').trim()),
  column<Event>('First Seen', 'Time since it happened first', (event, now) => ageOf(firstSeen(event), now), wide),
  column<Event>('Count', 'How often it happened', ({ series, count }) => series?.count ?? (count || 1), {
    ...wide,
    ...integer,
  }),
  { ...nameColumn, ...wide },
];

function firstSeen({ firstTimestamp, eventTime }: Event): string | undefined {
  return firstTimestamp ?? eventTime;
}

function lastSeen(event: Event): string | undefined {
  return event.series?.lastObservedTime ?? event.lastTimestamp ?? firstSeen(event);
}

function objectOf({ involvedObject: { kind = '', name = '' } }: Event): string {
  return name === '' ? kind.toLowerCase() : `${kind.toLowerCase()}/${name}`;
}

function sourceOf({ source, reportingComponent = '', reportingInstance = '' }: Event): string {
  const component = source?.component || reportingComponent;
  const host = source?.host || reportingInstance;
  return host === '' ? component : `${component}, ${host}`;
}
