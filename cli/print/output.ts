import { InvalidArgumentError, Option } from 'commander';
import { writeYaml } from '../../shared/yaml.ts';
import { formatColumns } from './columns.ts';
import { fillTemplate, parsePath, showValue, valuesAt } from './jsonpath.ts';
import { UsageError } from '../usage.ts';

export { formatColumns } from './columns.ts';

/**
 * Prints a value as `-o json|yaml` and the formats with a template ask; an absent format counts as json. Who has set
 * which field is left out of whole objects unless it is asked for, as kubectl does.
 */
export function printValue(value: unknown, format = 'json', { managedFields = false } = {}): void {
  const isWhole = format === 'json' || format === 'yaml';
  process.stdout.write(formatValue(isWhole && !managedFields ? withoutManagedFields(value) : value, format));
}

function withoutManagedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { metadata, items } = value as { metadata?: Record<string, unknown>; items?: unknown };
  const { managedFields: _fields, ...kept } = metadata ?? {};
  return {
    ...value,
    ...(metadata !== undefined && { metadata: kept }),
    ...(Array.isArray(items) && { items: items.map(withoutManagedFields) }),
  };
}

function formatValue(value: unknown, format: string): string {
  const [name, template = ''] = splitFormat(format);
  if (name === 'yaml') return writeYaml(value);
  if (name === 'jsonpath') return fillTemplate(template, value);
  if (name === 'custom-columns') return formatCustomColumns(value, template);
  if (name === 'json') return `${JSON.stringify(value, null, 4)}\n`;
  throw new UsageError(`unknown output format "${format}": use json or yaml`);
}

/** `jsonpath={.a}` is a name and a template. */
function splitFormat(format: string): [string, string?] {
  const at = format.indexOf('=');
  return at < 0 ? [format] : [format.slice(0, at), format.slice(at + 1)];
}

/** `NAME:.metadata.name,IMAGE:.spec.containers[*].image`, a row for each object. */
function formatCustomColumns(value: unknown, template: string): string {
  const columns = parseColumns(template);
  const items = (value as { items?: unknown[] }).items ?? [value];
  const rows = items.map((item) =>
    columns.map(({ path }) => valuesAt(item, path).map(showValue).join(',') || '<none>'),
  );
  return formatColumns([columns.map(({ header }) => header), ...rows]);
}

function parseColumns(template: string): { header: string; path: ReturnType<typeof parsePath> }[] {
  return template.split(/,(?![^[]*\])/).map((column) => {
    const [header = '', path = ''] = column.split(/:(.*)/s);
    if (header === '' || path === '')
      throw new InvalidArgumentError('write custom-columns=HEADING:.path,HEADING:.path');
    return { header, path: parsePath(path) };
  });
}

/** `-o` with these formats; anything else is refused before the command begins. */
export function outputOption(...formats: readonly string[]): Option {
  return new Option('-o, --output <format>', formats.join(', ')).argParser((text: string) => {
    const [name, template] = splitFormat(text);
    if (/^(go-)?template/.test(name)) {
      throw new InvalidArgumentError("Go templates are not understood; use -o jsonpath='{.metadata.name}'.");
    }
    const wanted = template === undefined ? name : `${name}=…`;
    if (!formats.includes(wanted)) throw new InvalidArgumentError(`Use ${formats.join(', ')}.`);
    if (name === 'jsonpath') fillTemplate(template ?? '', {});
    if (name === 'custom-columns') parseColumns(template ?? '');
    return text;
  });
}

/** What every command that shows objects can print. */
export const objectFormats = ['json', 'yaml', 'name', 'jsonpath=…', 'custom-columns=…'] as const;
