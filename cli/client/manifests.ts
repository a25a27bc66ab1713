import { readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { messageOf } from '../../shared/errors.ts';
import { findDuplicateKeys, kubectlYaml } from '../../shared/objects/parse-yaml.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { yaml } from '../../shared/yaml.ts';
import { UsageError } from '../usage.ts';

/** One object of a file, and where it stands, for messages. */
export interface Manifest {
  /** `web.yaml document 2`, or of a list `web.yaml items[0]`. */
  source: string;
  object: KubeObject;
}

const maxDocuments = 1000;
const downloadTimeoutMs = 30_000;
const extensions = ['.yaml', '.yml', '.json'];

/**
 * Objects of files, directories and `-` (standard input), lists taken apart; with `mayGenerateNames` they may have
 * `generateName` instead of a name. Throws UsageError naming file, document and line.
 */
export async function readManifests(
  paths: readonly string[],
  recursive: boolean,
  mayGenerateNames = false,
): Promise<Manifest[]> {
  const parse = (source: string, content: string): Manifest[] => parseManifests(source, content, mayGenerateNames);
  if (paths.length === 0) throw new UsageError('name a file or directory with -f, or - for standard input');
  const found: Manifest[] = [];
  for (const path of paths) {
    if (path === '-') found.push(...parse('standard input', await text(process.stdin)));
    else if (/^https?:\/\//.test(path)) found.push(...parse(path, await download(path)));
    else for (const file of listFiles(path, recursive)) found.push(...parse(file, readText(file)));
  }
  if (found.length === 0) throw new UsageError(`no objects in ${paths.join(', ')}`);
  return found;
}

async function download(url: string): Promise<string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(downloadTimeoutMs) });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    return await response.text();
  } catch (error) {
    const cause = (error as Error).cause ?? error;
    throw new UsageError(`cannot read ${url}: ${messageOf(cause)}`, { cause: error });
  }
}

function readText(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const why = error instanceof TypeError ? 'it is not text in UTF-8' : messageOf(error);
    throw new UsageError(`cannot read ${file}: ${why}`, { cause: error });
  }
}

function listFiles(path: string, recursive: boolean): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new UsageError(`the path "${path}" does not exist`);
  if (!stat.isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive })
    .filter((entry) => entry.isFile() && extensions.includes(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Objects of one text in YAML or JSON. */
export function parseManifests(source: string, content: string, mayGenerateNames = false): Manifest[] {
  const { LineCounter, parseAllDocuments } = yaml();
  const counter = new LineCounter();
  const documents = parseAllDocuments(content, { ...kubectlYaml, lineCounter: counter });
  if (!Array.isArray(documents)) return [];
  if (documents.length > maxDocuments) throw new UsageError(`${source}: more than ${maxDocuments} documents`);
  return documents.flatMap((document, index) => {
    const where = documents.length === 1 ? source : `${source} document ${index + 1}`;
    const [problem] = document.errors;
    if (problem !== undefined) {
      const line = counter.linePos(problem.pos[0]).line;
      const what = (problem.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
      throw new UsageError(`${where}: line ${line}: ${what}`);
    }
    for (const { path, at } of findDuplicateKeys(document)) {
      const line = counter.linePos(at).line;
      process.stderr.write(`Warning: ${where}: line ${line}: ${path} stands twice; the last one counts\n`);
    }
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: 100 });
    } catch (error) {
      throw new UsageError(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
    }
    return value === null ? [] : toObjects(where, value, mayGenerateNames);
  });
}

function toObjects(where: string, value: unknown, mayGenerateNames: boolean): Manifest[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${where}: is not an object; a manifest begins with apiVersion and kind`);
  }
  const object = value as Partial<KubeObject> & { items?: unknown[] };
  if (typeof object.kind !== 'string') throw new UsageError(`${where}: kind: missing, as in "kind: Deployment"`);
  if (typeof object.apiVersion !== 'string')
    throw new UsageError(`${where}: apiVersion: missing, as in "apiVersion: apps/v1"`);
  if (object.apiVersion.startsWith('kustomize.config.k8s.io/')) {
    const pipe = 'kubectl kustomize DIRECTORY | berth apply -f -';
    throw new UsageError(`${where}: is for kustomize and no object; use ${pipe}`);
  }
  if (object.kind.endsWith('List') && Array.isArray(object.items)) {
    return object.items.flatMap((item, index) => toObjects(`${where} items[${index}]`, item, mayGenerateNames));
  }
  const metadata = object.metadata as { name?: unknown; generateName?: unknown } | undefined;
  const name = metadata?.name ?? (mayGenerateNames ? metadata?.generateName : undefined);
  if (typeof name !== 'string' || name === '') throw new UsageError(`${where}: metadata.name: missing`);
  return [{ source: where, object: object as KubeObject }];
}
