import type { KubeObject } from '../types.ts';

/** What the same field is called in core/v1 and in events.k8s.io/v1; all others have one name. */
const names: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
];

const toEvents = new Map(names);
const toCore = new Map(names.map(([core, events]) => [events, core]));

/** A core/v1 Event as events.k8s.io/v1 has it. */
export function eventToEventsV1(event: KubeObject): KubeObject {
  return { ...renamed(event, toEvents), apiVersion: 'events.k8s.io/v1' };
}

/** An events.k8s.io/v1 Event as core/v1 has it. */
export function eventFromEventsV1(event: KubeObject): KubeObject {
  return { ...renamed(event, toCore), apiVersion: 'v1' };
}

function renamed(event: KubeObject, newNames: ReadonlyMap<string, string>): KubeObject {
  const entries = Object.entries(event).map(([name, value]) => [newNames.get(name) ?? name, value] as const);
  return Object.fromEntries(entries) as unknown as KubeObject;
}
