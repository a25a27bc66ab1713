import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import {
  byName,
  contentOf,
  currentContextOf,
  entriesOf,
  lists,
  readKubeconfig,
  type Kubeconfig,
  type List,
} from '../client/kubeconfig-file.ts';
import { printValue } from '../print/output.ts';

export interface ViewOptions {
  output?: string;
  raw?: boolean;
  minify?: boolean;
  flatten?: boolean;
  context?: string;
}

/** What is shown in place of what nobody who looks on may see: kubectl's words. */
const hidden: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'certificate-authority-data': 'DATA+OMITTED',
    'client-certificate-data': 'DATA+OMITTED',
    'client-key-data': 'DATA+OMITTED',
    token: 'REDACTED',
    password: 'REDACTED',
    'id-token': 'REDACTED',
    'access-token': 'REDACTED',
    'refresh-token': 'REDACTED',
    'client-secret': 'REDACTED',
  }),
);

const files = ['certificate-authority', 'client-certificate', 'client-key'];

/** Prints a kubeconfig, with its keys in order. */
export function viewConfig(path: string, options: ViewOptions): void {
  const config = readKubeconfig(path);
  const shown = options.minify === true ? minify(config, options.context ?? currentContextOf(config), path) : config;
  const inOrder = Object.keys(lists).map((list) => [list, entriesOf(shown, list as List).sort(byName)]);
  const whole = { preferences: {}, ...shown, ...Object.fromEntries(inOrder) };
  const isOpen = options.raw === true || options.flatten === true;
  printValue(
    rewrite(whole, (key, value) => {
      if (options.flatten === true && files.includes(key)) return [`${key}-data`, readFile(path, value)];
      return [key, isOpen ? value : (hidden.get(key) ?? value)];
    }),
    options.output ?? 'yaml',
  );
}

/** What one context uses. */
function minify(config: Kubeconfig, name: string | undefined, path: string): Kubeconfig {
  if (name === undefined) throw new Error('current-context must exist in order to minify');
  const { cluster, user } = contentOf(config, 'contexts', name, path);
  const used: Record<List, unknown> = { contexts: name, clusters: cluster, users: user };
  const kept = Object.keys(lists).map((list) => {
    const entries = entriesOf(config, list as List);
    return [list, entries.filter((entry) => entry.name === used[list as List])];
  });
  return { ...config, 'current-context': name, ...Object.fromEntries(kept) };
}

function readFile(path: string, file: unknown): string {
  return readFileSync(resolve(dirname(path), String(file))).toString('base64');
}

type Rename = (key: string, value: unknown) => [key: string, value: unknown];

/** A copy with each scalar field as `change` makes it, and the fields of each object in order. */
function rewrite(value: unknown, change: Rename): unknown {
  if (Array.isArray(value)) return value.map((each) => rewrite(each, change));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([key, inner]): [string, unknown] =>
    typeof inner === 'object' && inner !== null ? [key, rewrite(inner, change)] : change(key, inner),
  );
  return Object.fromEntries(fields.sort(([a], [b]) => (a < b ? -1 : 1)));
}
