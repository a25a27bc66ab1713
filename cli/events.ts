import { Command } from 'commander';
import type { Event, KubeObject } from '../shared/objects/types.ts';
import { formatColumns, printValue } from './output.ts';
import { parseTargets, resourcePath } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from './session.ts';

interface EventOptions extends ApiOptions {
  for?: string;
  output?: string;
}

export type StoredEvent = Event & KubeObject;

/** `berth events`: oldest first, for everything or for one object. */
export function eventsCommand(): Command {
  return withApiOptions(new Command('events'))
    .description('Show what happened')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--for <object>', 'only of this object, as pod/web')
    .option('-o, --output <format>', 'json or yaml')
    .action((options: EventOptions) =>
      withSession(options, async (session) => {
        const [target] = options.for === undefined ? [] : parseTargets([options.for], session.names);
        const about = target === undefined ? undefined : { kind: target.resource.kind, name: target.name ?? '' };
        const namespace = options.allNamespaces === true ? undefined : session.namespace;
        const events = await listEvents(session, namespace, about);
        if (options.output !== undefined) printValue({ apiVersion: 'v1', kind: 'List', items: events }, options.output);
        else if (events.length === 0) process.stderr.write('No events found.\n');
        else process.stdout.write(formatEvents(events, true));
      }),
    );
}

/** Events of a namespace, oldest first; of one object when `about` names it. */
export async function listEvents(
  { client, names }: Session,
  namespace: string | undefined,
  about?: { kind: string; name: string; uid?: string },
): Promise<StoredEvent[]> {
  const selector = about && [`involvedObject.kind=${about.kind}`, `involvedObject.name=${about.name}`];
  if (about?.uid !== undefined) selector?.push(`involvedObject.uid=${about.uid}`);
  const path = resourcePath(names.findKind('v1', 'Event'), namespace);
  const list = await client.call<{ items: StoredEvent[] }>('GET', path, {
    query: { fieldSelector: selector?.join(',') },
  });
  return list.items.sort((a, b) => lastSeen(a) - lastSeen(b));
}

/** Events as columns. */
export function formatEvents(events: readonly StoredEvent[], withObject: boolean): string {
  const header = ['LAST SEEN', 'TYPE', 'REASON', ...(withObject ? ['OBJECT'] : []), 'MESSAGE'];
  const rows = events.map((event) => [
    `${formatAge(lastSeen(event))}${(event.count ?? 1) > 1 ? ` (x${event.count})` : ''}`,
    event.type ?? '',
    event.reason ?? '',
    ...(withObject ? [`${event.involvedObject.kind}/${event.involvedObject.name}`.toLowerCase()] : []),
    (event.message ?? '').trim().replaceAll('\n', ' '),
  ]);
  return formatColumns([header, ...rows]);
}

function lastSeen({ lastTimestamp, eventTime, metadata }: StoredEvent): number {
  return Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
}

/** `12s`, `3m`, `5h`, `2d` since a time. */
export function formatAge(sinceMs: number): string {
  const seconds = Math.max(0, Math.round((Date.now() - sinceMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
