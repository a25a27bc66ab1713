import { Command } from 'commander';
import { groupVersion, type ServedResource } from '../client/resource-names.ts';
import { fieldAt, schemaBehind, schemaOfKind, typeName, type Schema, type Schemas } from './schema-path.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface ExplainOptions extends ApiOptions {
  recursive?: boolean;
  apiVersion?: string;
}

const width = 80;

/** `berth explain pods.spec.containers`: what the server's schema says of a field. */
export function explainCommand(): Command {
  const command = new Command('explain')
    .description('Show the fields of a type, and what they mean')
    .argument('<type>', 'TYPE or TYPE.FIELD.FIELD…')
    .option('--recursive', 'also the fields below, without what they mean')
    .option('--api-version <version>', 'of this version, as autoscaling/v1')
    .action((word: string, options: ExplainOptions) =>
      withSession(options, (session) => explain(session, word, options)),
    );
  return withApiOptions(command, [
    'berth explain pods',
    'berth explain deployment.spec.strategy',
    'berth explain pods.spec.containers --recursive',
  ]);
}

async function explain(session: Session, word: string, options: ExplainOptions): Promise<void> {
  const { resource, path } = readWord(session, word, options.apiVersion);
  const root = resource.group === '' ? 'api' : 'apis';
  const { components } = await session.client.call<{ components: { schemas: Schemas } }>(
    'GET',
    `/openapi/v3/${root}/${groupVersion(resource)}`,
  );
  const kind = schemaOfKind(components.schemas, resource.group, resource.kind);
  if (kind === undefined) throw new Error(`the server does not describe ${resource.kind} of ${groupVersion(resource)}`);
  const field = fieldAt(components.schemas, kind, path);
  const head = [
    ...(resource.group === '' ? [] : [`GROUP:      ${resource.group}`]),
    `KIND:       ${resource.kind}`,
    `VERSION:    ${resource.version}`,
  ];
  process.stdout.write(`${head.join('\n')}\n\n${describeField(components.schemas, field, path.at(-1), options)}`);
}

/** `deployments.apps.spec` and `deploy.spec`: the type is as long as the server knows it. */
function readWord(
  { names }: Session,
  word: string,
  apiVersion: string | undefined,
): { resource: ServedResource; path: string[] } {
  const parts = word.split('.').filter((part) => part !== '');
  for (let length = parts.length; length > 1; length -= 1) {
    const type = parts.slice(0, length).join('.');
    const grouped = names.all.find(({ plural, group }) => `${plural}.${group}` === type);
    if (grouped !== undefined) return { resource: grouped, path: parts.slice(length) };
  }
  const [resource] = names.find(parts[0] ?? '');
  if (resource === undefined) throw new UsageError(`"${word}" is not TYPE.FIELD`);
  const found = apiVersion === undefined ? resource : names.findKind(apiVersion, resource.kind);
  return { resource: found, path: parts.slice(1) };
}

function describeField(
  schemas: Schemas,
  field: Schema,
  name: string | undefined,
  { recursive }: ExplainOptions,
): string {
  const behind = schemaBehind(schemas, field);
  const enums = (field.enum ?? []).map((value) => `    ${String(value)}\n`).sort();
  const what = [field.description, behind === field ? undefined : behind.description];
  const texts = what.filter((text) => text !== undefined && text !== '').map((text) => wrap(text ?? '', 4));
  const fields = recursive === true ? listBelow(schemas, behind, 2, []) : listFields(schemas, behind);
  return [
    name === undefined ? '' : `FIELD: ${name} <${typeName(field)}>\n`,
    enums.length > 0 ? `ENUM:\n${enums.join('')}` : '',
    name === undefined ? '' : '\n',
    `DESCRIPTION:\n${texts.join('') || '    <empty>\n'}`,
    fields === '' ? '' : `\nFIELDS:\n${fields}`,
  ].join('');
}

function listFields(schemas: Schemas, { properties = {}, required = [] }: Schema): string {
  return sorted(properties)
    .map(([name, field]) => {
      const text = field.description ?? schemaBehind(schemas, field).description ?? '<no description>';
      return `${fieldLine(name, field, required, 2)}${wrap(text, 4)}\n`;
    })
    .join('');
}

/** Fields and those below them; a schema within itself is not opened again. */
function listBelow(schemas: Schemas, schema: Schema, depth: number, above: readonly Schema[]): string {
  if (above.includes(schema)) return '';
  return sorted(schema.properties ?? {})
    .map(([name, field]) => {
      const below = listBelow(schemas, schemaBehind(schemas, field), depth + 2, [...above, schema]);
      return `${fieldLine(name, field, schema.required ?? [], depth)}${below}`;
    })
    .join('');
}

function fieldLine(name: string, field: Schema, required: readonly string[], depth: number): string {
  const indent = ' '.repeat(depth);
  const enums = (field.enum ?? []).map(String).sort().join(', ');
  const must = required.includes(name) ? ' -required-' : '';
  return `${indent}${name}\t<${typeName(field)}>${must}\n${enums === '' ? '' : `${indent}enum: ${enums}\n`}`;
}

function sorted(properties: Record<string, Schema>): [string, Schema][] {
  return Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Text in lines that fit, behind some spaces. */
function wrap(text: string, indent: number): string {
  const start = ' '.repeat(indent);
  const lines = text.split('\n').flatMap((paragraph) => {
    const rows = [''];
    for (const word of paragraph.split(/\s+/).filter(Boolean)) {
      const row = rows.at(-1) ?? '';
      if (row !== '' && row.length + 1 + word.length > width - indent) rows.push(word);
      else rows[rows.length - 1] = row === '' ? word : `${row} ${word}`;
    }
    return rows;
  });
  return lines.map((line) => `${start}${line}\n`).join('');
}
