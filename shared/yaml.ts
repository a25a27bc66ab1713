import { createRequire } from 'node:module';
import type * as Yaml from 'yaml';

const loaded: { yaml?: typeof Yaml } = {};

/** The YAML library, loaded when it is first needed: it takes megabytes and milliseconds, and most processes never do. */
export function yaml(): typeof Yaml {
  return (loaded.yaml ??= createRequire(import.meta.url)('yaml') as typeof Yaml);
}

/** A value as YAML that readers of version 1.1, as Go programs are, take for the same: `yes` and `0o7` are quoted. */
export function writeYaml(value: unknown): string {
  const options = { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false, indentSeq: false } as const;
  return yaml().stringify(value, options);
}

/** The value of a text in YAML. JSON is YAML too, and read without the library. Throws for a text that is neither. */
export function readYaml(text: string): unknown {
  if (!text.startsWith('{')) return yaml().parse(text);
  try {
    return JSON.parse(text);
  } catch {
    return yaml().parse(text);
  }
}
