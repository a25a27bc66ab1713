import type { Command } from 'commander';
import type { EnvVar, KubeObject } from '../../shared/objects/types.ts';
import { eachTemplate, patchContainers, setAll, setting, type SetOptions } from './setting.ts';
import { objectLabel, parseTargets, resourcePath } from '../client/resource-names.ts';
import { requireNames } from '../client/selection.ts';
import { withApiOptions, withSession, type Session } from '../client/session.ts';
import { collect, collectWhole } from '../create/creating.ts';
import { parseKeyChange, parsePair, splitWords, type KeyChange } from '../key-values.ts';
import { containersNamed } from '../pods/pod-template.ts';
import { UsageError } from '../usage.ts';

interface EnvOptions extends SetOptions {
  env?: string[];
  from?: string;
  keys?: string[];
  list?: boolean;
  overwrite: boolean;
  prefix: string;
  resolve?: boolean;
}

type Keyed = KubeObject & { data?: Record<string, string>; binaryData?: Record<string, string> };

/** `berth set env deployment/web LEVEL=debug OLD-`, `--from=configmap/web`. */
export function envCommand(): Command {
  const command = setting('env', 'KEY=VALUE… and KEY-… to remove')
    .description('Change the environment')
    .option('-c, --containers <name>', 'of which container', '*')
    .option('-e, --env <key=value>', 'a variable; may be repeated', collectWhole)
    .option('--from <type/name>', 'a variable for each key of this configmap or secret')
    .option('--keys <keys>', 'with --from: only these keys', collect)
    .option('--prefix <text>', 'with --from: what the names of the variables begin with', '')
    .option('--overwrite', 'give a variable that is there another value; =false: fail then', true)
    .option('--list', 'show it')
    .option('--resolve', 'with --list: the values of configmaps and secrets');
  command.action((words: string[], options: EnvOptions) => {
    const { targets, changes } = splitWords(words);
    if (options.list === true) return listAll(targets, options);
    const { from, env: more = [], keys, prefix } = options;
    if (from === undefined && (keys !== undefined || prefix !== ''))
      throw new UsageError('--keys and --prefix go with --from');
    const given = toEnv(parseKeyChange([...changes, ...more.map((word) => parsePair(word).join('='))]));
    if (given.length === 0 && from === undefined)
      throw new UsageError('at least one environment variable must be provided, as LEVEL=debug');
    return setAll(targets, options, 'env updated', async (session) => {
      const env = [...(from === undefined ? [] : await importKeys(session, from, options)), ...given];
      return (spec) =>
        patchContainers(containersNamed(spec, options.containers), ({ container }) => {
          const before = container.env ?? [];
          if (!options.overwrite) requireNew(env, before);
          return { env, '$setElementOrder/env': orderOf(before, env) };
        });
    });
  });
  return withApiOptions(command, [
    'berth set env deployment/web LEVEL=debug OLD-',
    'berth set env deployment/web --from=configmap/web --prefix=WEB_',
    'berth set env deployment/web --from=secret/db --keys=password',
    'berth set env deployment/web -c web --list',
  ]);
}

type Change = { name: string } & object;

function toEnv(change: KeyChange): Change[] {
  return Object.entries(change).map(([name, value]) =>
    value === null ? { name, $patch: 'delete' } : { name, value, valueFrom: null },
  );
}

/** What is new comes last: a variable may be made of those before it. */
function orderOf(before: readonly EnvVar[], changes: readonly Change[]): { name: string }[] {
  const names = new Set(before.map(({ name }) => name));
  for (const change of changes) {
    if ('$patch' in change) names.delete(change.name);
    else names.add(change.name);
  }
  return [...names].map((name) => ({ name }));
}

/** A reference for each key of a configmap or secret: `log-level` is `LOG_LEVEL`, as kubectl has it. */
async function importKeys(session: Session, word: string, { keys, prefix }: EnvOptions): Promise<Change[]> {
  const [target] = requireNames(parseTargets([word], session.names));
  const ref = target && { ConfigMap: 'configMapKeyRef', Secret: 'secretKeyRef' }[target.resource.kind];
  if (ref === undefined) throw new UsageError(`--from=${word}: name a configmap or a secret, as configmap/web`);
  const { data = {} } = await readKeyed(session, word);
  const missing = keys?.find((key) => !Object.hasOwn(data, key));
  if (missing !== undefined) {
    throw new Error(`${word} has no key "${missing}"; it has ${Object.keys(data).join(', ') || 'none'}`);
  }
  return (keys ?? Object.keys(data)).map((key) => ({
    name: `${prefix}${key.replaceAll(/[^a-zA-Z0-9_]/g, '_').toUpperCase()}`,
    value: null,
    valueFrom: { [ref]: { name: target?.name, key } },
  }));
}

function readKeyed({ client, names, namespace }: Session, word: string): Promise<Keyed> {
  const [target] = parseTargets([word], names);
  if (target === undefined) throw new UsageError(`"${word}" is not TYPE/NAME`);
  return client.call<Keyed>('GET', resourcePath(target.resource, namespace, target.name));
}

function requireNew(env: readonly Change[], before: readonly EnvVar[]): void {
  const taken = env.filter((change) => !('$patch' in change) && before.some(({ name }) => name === change.name));
  if (taken.length === 0) return;
  throw new Error(`'${taken[0]?.name}' already has a value, and --overwrite is false`);
}

async function listAll(words: string[], options: EnvOptions): Promise<void> {
  await withSession(options, (session) =>
    eachTemplate(session, words, options, async (ref, spec) => {
      for (const { container } of containersNamed(spec, options.containers)) {
        process.stdout.write(`# ${objectLabel(ref.resource, ref.name)}, container ${container.name}\n`);
        for (const variable of container.env ?? []) {
          process.stdout.write(`${await describeVariable(session, variable, options)}\n`);
        }
      }
    }),
  );
}

/** `LEVEL=debug`, or where the value comes from: kubectl's words. */
async function describeVariable(
  session: Session,
  { name, value = '', valueFrom }: EnvVar,
  { resolve }: EnvOptions,
): Promise<string> {
  if (valueFrom === undefined) return `${name}=${value}`;
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = valueFrom;
  const [kind, ref] = configMapKeyRef === undefined ? ['secret', secretKeyRef] : ['configmap', configMapKeyRef];
  if (ref !== undefined) {
    if (resolve !== true) return `# ${name} from ${kind} ${ref.name}, key ${ref.key}`;
    const { data = {} } = await readKeyed(session, `${kind}/${ref.name}`);
    const found = data[ref.key];
    if (found === undefined) throw new Error(`${kind}/${ref.name} has no key "${ref.key}"`);
    return `${name}=${kind === 'secret' ? Buffer.from(found, 'base64').toString() : found}`;
  }
  if (fieldRef !== undefined) return `# ${name} from field path ${fieldRef.fieldPath}`;
  return `# ${name} from resource field ${resourceFieldRef?.resource ?? ''}`;
}
