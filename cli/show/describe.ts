import { Command } from 'commander';
import type { KubeObject } from '../../shared/objects/types.ts';
import { yaml } from '../../shared/yaml.ts';
import { describeKind, describeMetadata } from './describe-kinds.ts';
import { formatEvents, listEvents } from './events.ts';
import { reportOne } from '../failure.ts';
import { outputOption, printValue } from '../print/output.ts';
import { pathOf, selectObjects, withFiles, type ObjectRef, type SelectOptions } from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { formatSheet, type Sheet } from '../print/sheet.ts';

interface DescribeOptions extends ApiOptions, SelectOptions {
  output?: string;
  showEvents: boolean;
}

/** `berth describe`: an object for people to read, with its events. */
export function describeCommand(): Command {
  const command = withFiles(new Command('describe'), 'describe what these name')
    .description('Show an object for people to read, with its events')
    .argument('[type...]', 'TYPE, TYPE NAME… or TYPE/NAME…')
    .option('-l, --selector <labels>', 'objects with these labels')
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('--show-events', 'with events; =false: without', true)
    .addOption(outputOption('json', 'yaml', 'jsonpath=…'))
    .action((words: string[], options: DescribeOptions) =>
      withSession(options, (session) => describeAll(session, words, options)),
    );
  return withApiOptions(command, ['berth describe pod web', 'berth describe deployment/web', 'berth describe nodes']);
}

async function describeAll(session: Session, words: string[], options: DescribeOptions): Promise<void> {
  const refs = await selectObjects(session, words, { ...options, all: true });
  if (refs.length === 0) process.stderr.write('No resources found.\n');
  const told: unknown[] = [];
  for (const [index, ref] of refs.entries()) {
    try {
      const object = await session.client.call<KubeObject>('GET', pathOf(ref));
      const { name, uid, namespace } = object.metadata;
      // Events of nodes bear no uid that is the node's own.
      const about = { kind: object.kind, name, ...(uid !== undefined && object.kind !== 'Node' && { uid }) };
      const events = options.showEvents ? await listEvents(session, namespace, about) : [];
      if (options.output !== undefined) told.push({ object, events });
      else process.stdout.write(`${index > 0 ? '\n\n' : ''}${await describe(session, ref, object)}`);
      if (options.output !== undefined || !options.showEvents) continue;
      const table = formatEvents(events, { withObject: false });
      process.stdout.write(events.length === 0 ? 'Events: <none>\n' : `Events:\n${table.replaceAll(/^(?=.)/gm, '  ')}`);
    } catch (error) {
      reportOne(error);
    }
  }
  if (told.length > 0) printValue(told.length === 1 ? told[0] : told, options.output);
}

async function describe(session: Session, { resource }: ObjectRef, object: KubeObject): Promise<string> {
  const known = await describeKind(session, object);
  const sheet: Sheet = [['Kind', resource.kind], ...describeMetadata(object), ...(known ?? [])];
  return `${formatSheet(sheet)}${known === undefined ? describeRest(object) : ''}`;
}

/** A kind that nothing more is known of, as it is. */
function describeRest(object: KubeObject): string {
  const {
    apiVersion: _version,
    kind: _kind,
    metadata: _metadata,
    ...rest
  } = object as KubeObject & Record<string, unknown>;
  return Object.keys(rest).length === 0 ? '' : yaml().stringify(rest, { lineWidth: 0 });
}
