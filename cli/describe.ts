import { Command } from 'commander';
import { stringify } from 'yaml';
import type { KubeObject } from '../shared/objects/types.ts';
import { formatEvents, listEvents } from './events.ts';
import { printValue } from './output.ts';
import { parseTargets, resourcePath, type Target } from './resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from './session.ts';

interface DescribeOptions extends ApiOptions {
  selector?: string;
  output?: string;
}

/** `berth describe`: an object as readable YAML, without what only machines read, and its events. */
export function describeCommand(): Command {
  return withApiOptions(new Command('describe'))
    .description('Show an object in full, with its events')
    .argument('<type...>', 'TYPE, TYPE NAME… or TYPE/NAME…')
    .option('-l, --selector <labels>', 'objects with these labels')
    .option('-o, --output <format>', 'json or yaml')
    .action((words: string[], options: DescribeOptions) =>
      withSession(options, async (session) => {
        const objects: KubeObject[] = [];
        for (const target of parseTargets(words, session.names))
          objects.push(...(await load(session, target, options)));
        if (objects.length === 0) process.stderr.write('No resources found.\n');
        for (const [index, object] of objects.entries()) {
          if (index > 0) process.stdout.write('\n');
          await describe(session, object, options);
        }
      }),
    );
}

async function load(
  { client, namespace }: Session,
  { resource, name }: Target,
  options: DescribeOptions,
): Promise<KubeObject[]> {
  const path = resourcePath(resource, namespace, name);
  const found = await client.call<KubeObject & { items?: KubeObject[] }>('GET', path, {
    query: name === undefined ? { labelSelector: options.selector } : {},
  });
  const items = name === undefined ? (found.items ?? []) : [found];
  return items.map((item) => ({ ...item, kind: resource.kind }));
}

async function describe(session: Session, object: KubeObject, { output }: DescribeOptions): Promise<void> {
  const { name, namespace, uid } = object.metadata;
  const events = await listEvents(session, namespace, { kind: object.kind, name, uid });
  if (output !== undefined) {
    printValue({ object, events }, output);
    return;
  }
  const { apiVersion: _version, kind, metadata, ...rest } = object as KubeObject & Record<string, unknown>;
  const { managedFields: _fields, annotations, ...shown } = metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...kept } = annotations ?? {};
  const view = {
    kind,
    ...shown,
    ...(Object.keys(kept).length > 0 ? { annotations: kept } : {}),
    ...hideSecrets(kind, rest),
  };
  process.stdout.write(stringify(view, { lineWidth: 0 }));
  process.stdout.write(events.length === 0 ? 'events: none\n' : `events:\n${indent(formatEvents(events, false))}`);
}

function hideSecrets(kind: string, rest: Record<string, unknown>): Record<string, unknown> {
  if (kind !== 'Secret' || typeof rest['data'] !== 'object' || rest['data'] === null) return rest;
  const sizes = Object.entries(rest['data'] as Record<string, string>).map(([key, value]) => [
    key,
    `${Buffer.from(value, 'base64').length} bytes`,
  ]);
  return { ...rest, data: Object.fromEntries(sizes) };
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
