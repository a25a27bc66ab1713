import { Command } from 'commander';
import type { Event, KubeObject } from '../../shared/objects/types.ts';
import { formatAge, formatColumns } from '../print/columns.ts';
import { outputOption, printValue } from '../print/output.ts';
import { parseTargets, resourcePath } from '../client/resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';
import { watchChanges } from './watching.ts';

interface EventOptions extends ApiOptions {
  allNamespaces?: boolean;
  for?: string;
  types?: string[];
  watch?: boolean;
  headers: boolean;
  output?: string;
}

export type StoredEvent = Event & KubeObject;

/** Events of one object, or of all objects of a kind. */
export interface About {
  kind: string;
  name?: string;
  uid?: string;
}

interface EventList {
  items: StoredEvent[];
  metadata: { resourceVersion?: string };
}

/** `berth events`: oldest first, for everything or for one object. */
export function eventsCommand(): Command {
  const command = new Command('events')
    .description('Show what happened')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('--for <object>', 'only of this object, as pod/web')
    .option('--types <types>', 'only these, as Warning or Normal,Warning', (text) => text.split(','))
    .option('-w, --watch', 'go on with new ones')
    .option('--no-headers', 'leave the headings out')
    .addOption(outputOption('json', 'yaml', 'jsonpath=…'))
    .action((options: EventOptions) => withSession(options, (session) => events(session, options)));
  return withApiOptions(command, [
    'berth events --for deployment/web',
    'berth events -A --types Warning',
    'berth events --for pod/web -w',
  ]);
}

async function events(session: Session, options: EventOptions): Promise<void> {
  const about = options.for === undefined ? undefined : parseAbout(session, options.for);
  const namespace = options.allNamespaces === true ? undefined : session.namespace;
  const isWanted = ({ type = '' }: StoredEvent): boolean =>
    options.types?.some((wanted) => wanted.toLowerCase() === type.toLowerCase()) ?? true;
  const list = await readEvents(session, namespace, about);
  const found = list.items.filter(isWanted);
  if (options.output !== undefined) {
    const all = { apiVersion: 'v1', kind: 'List', items: found };
    if (options.watch !== true) printValue(all, options.output);
    else for (const event of found) printValue(event, options.output);
  } else if (found.length > 0) {
    process.stdout.write(formatEvents(found, { ...options, withObject: true }));
  } else if (options.watch !== true) process.stderr.write('No events found.\n');
  if (options.watch !== true) return;
  const query = { fieldSelector: selectorOf(about), resourceVersion: list.metadata.resourceVersion };
  for await (const { type, object } of watchChanges<StoredEvent>(session.client, pathOf(session, namespace), {
    query,
  })) {
    if ((type !== 'ADDED' && type !== 'MODIFIED') || !isWanted(object)) continue;
    if (options.output !== undefined) printValue(object, options.output);
    else process.stdout.write(formatEvents([object], { ...options, withObject: true, headers: false }));
  }
}

function parseAbout(session: Session, words: string): About {
  const [target] = parseTargets([words], session.names);
  if (target === undefined) throw new UsageError('--for names an object, as pod/web');
  return { kind: target.resource.kind, ...(target.name !== undefined && { name: target.name }) };
}

/** Events of a namespace, or with undefined of all, oldest first; of one object when `about` names it. */
export async function listEvents(
  session: Session,
  namespace: string | undefined,
  about?: About,
): Promise<StoredEvent[]> {
  return (await readEvents(session, namespace, about)).items;
}

async function readEvents(session: Session, namespace: string | undefined, about?: About): Promise<EventList> {
  const query = { fieldSelector: selectorOf(about) };
  const list = await session.client.call<EventList>('GET', pathOf(session, namespace), { query });
  list.items.sort((a, b) => lastSeen(a) - lastSeen(b));
  return list;
}

function pathOf({ names }: Session, namespace: string | undefined): string {
  return resourcePath(names.findKind('v1', 'Event'), namespace);
}

function selectorOf(about: About | undefined): string | undefined {
  if (about === undefined) return undefined;
  const fields = Object.entries(about).map(([key, value]) => `involvedObject.${key}=${String(value)}`);
  return fields.join(',');
}

interface EventStyle {
  withObject: boolean;
  headers?: boolean;
  allNamespaces?: boolean;
}

/** Events as columns. */
export function formatEvents(
  found: readonly StoredEvent[],
  { withObject, headers = true, allNamespaces = false }: EventStyle,
): string {
  const header = [
    ...(allNamespaces ? ['NAMESPACE'] : []),
    'LAST SEEN',
    'TYPE',
    'REASON',
    ...(withObject ? ['OBJECT'] : []),
    'MESSAGE',
  ];
  const rows = found.map((event) => [
    ...(allNamespaces ? [event.metadata.namespace ?? ''] : []),
    `${formatAge(lastSeen(event))}${(event.count ?? 1) > 1 ? ` (x${event.count})` : ''}`,
    event.type ?? '',
    event.reason ?? '',
    ...(withObject ? [`${event.involvedObject.kind}/${event.involvedObject.name}`.toLowerCase()] : []),
    (event.message ?? '').trim().replaceAll('\n', ' '),
  ]);
  return formatColumns(headers ? [header, ...rows] : rows);
}

function lastSeen({ lastTimestamp, eventTime, metadata }: StoredEvent): number {
  return Date.parse(lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '') || 0;
}
