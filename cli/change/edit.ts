import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Command } from 'commander';
import type { KubeObject } from '../../shared/objects/types.ts';
import { yaml } from '../../shared/yaml.ts';
import { describeFailure, reportOne } from '../failure.ts';
import { parseManifests } from '../client/manifests.ts';
import { outputOption } from '../print/output.ts';
import { objectLabel } from '../client/resource-names.ts';
import { Results } from '../print/results.ts';
import { pathOf, selectObjects, withFiles, type FileOptions, type ObjectRef } from '../client/selection.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';

type EditOptions = ApiOptions & FileOptions & { output?: string };

const explanation = [
  "Please edit the object below. Lines beginning with a '#' will be ignored,",
  'and an empty file will abort the edit. If an error occurs while saving this file will be',
  'reopened with the relevant failures.',
  '',
];

/** `berth edit deployment/web`: opens it in an editor until the server takes it or nothing is changed. */
export function editCommand(): Command {
  const command = withFiles(new Command('edit'), 'edit what these name')
    .description('Change objects in an editor: $KUBE_EDITOR, $EDITOR or vi')
    .argument('[type...]', 'TYPE NAME… or TYPE/NAME…')
    .addOption(outputOption('yaml', 'json'))
    .action((words: string[], options: EditOptions) =>
      withSession(options, async (session) => {
        for (const ref of await selectObjects(session, words, options)) {
          await edit(session, ref, options).catch((error: unknown) => reportOne(error));
        }
      }),
    );
  return withApiOptions(command, [
    'berth edit deployment/web',
    "KUBE_EDITOR='code --wait' berth edit configmap settings",
  ]);
}

async function edit(session: Session, ref: ObjectRef, options: EditOptions): Promise<void> {
  const stored = await session.client.call<KubeObject>('GET', pathOf(ref));
  const { managedFields: _fields, ...metadata } = stored.metadata;
  const before = { ...stored, metadata };
  const file = join(mkdtempSync(join(tmpdir(), 'berth-edit-')), `${ref.name}.${options.output ?? 'yaml'}`);
  const untouched = format(before, options);
  let [text, failures]: [string, string[]] = [untouched, []];
  for (;;) {
    writeFileSync(file, comment([...explanation, ...failures]) + text, { mode: 0o600 });
    await openEditor(file);
    const edited = withoutComments(readFileSync(file, 'utf8'));
    const problem =
      edited.trim() === '' ? 'saved file was empty' : edited === untouched ? 'no changes made' : undefined;
    if (problem === undefined && edited === text) {
      throw new Error(`Edit cancelled, no valid changes were saved; a copy of your changes is in ${file}`);
    }
    if (problem !== undefined) {
      process.stderr.write(`Edit cancelled, ${problem}.\n`);
      break;
    }
    text = edited;
    const error = await save(session, ref, before, edited).then(() => undefined, describeFailure);
    if (error === undefined) break;
    failures = [`${objectLabel(ref.resource, ref.name)} was not valid:`, `* ${error}`, ''];
  }
  rmSync(join(file, '..'), { recursive: true, force: true });
}

function format(object: object, { output }: EditOptions): string {
  if (output === 'json') return `${JSON.stringify(object, null, 4)}\n`;
  return yaml().stringify(object, { lineWidth: 0, aliasDuplicateObjects: false });
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => `# ${line}`.trimEnd().concat('\n')).join('');
}

/** Only those before the object: a line of a value may begin so too. */
function withoutComments(text: string): string {
  return text.replace(/^(?:#.*\n|\s*\n)*/, '');
}

async function openEditor(file: string): Promise<void> {
  const editor = process.env['KUBE_EDITOR'] ?? process.env['EDITOR'] ?? 'vi';
  const child = spawn('sh', ['-c', `${editor} "$1"`, 'sh', file], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`the editor "${editor}" failed; a copy of your changes is in ${file}`);
}

/** Sends what was changed and no more: what others change meanwhile stays. */
async function save({ client }: Session, ref: ObjectRef, before: KubeObject, text: string): Promise<void> {
  const [manifest, ...others] = parseManifests('the saved file', text);
  const after = manifest?.object;
  const identity = ({ apiVersion, kind, metadata }: KubeObject): unknown => [
    apiVersion,
    kind,
    metadata.name,
    metadata.namespace,
  ];
  if (after === undefined || others.length > 0) throw new Error('the file must hold one object');
  if (!isDeepStrictEqual(identity(after), identity(before))) {
    throw new Error('at least one of apiVersion, kind and name was changed');
  }
  const made = await client.call<KubeObject>('PATCH', pathOf(ref), {
    body: mergeBetween(before, after) ?? {},
    contentType: 'application/merge-patch+json',
    query: { fieldManager: 'berth-edit', fieldValidation: 'Strict' },
  });
  new Results(undefined).add(ref.resource, ref.name, 'edited', made);
}

type Fields = Record<string, unknown>;

/** The merge patch (RFC 7396) that makes the one the other; undefined when they are the same. */
function mergeBetween(before: unknown, after: unknown): unknown {
  if (isDeepStrictEqual(before, after)) return undefined;
  if (!isFields(before) || !isFields(after)) return after;
  const removed = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  const changed = Object.entries(after)
    .map(([key, value]): [string, unknown] => [key, mergeBetween(before[key], value)])
    .filter(([, value]) => value !== undefined);
  return Object.fromEntries([...removed.map((key): [string, unknown] => [key, null]), ...changed]);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
