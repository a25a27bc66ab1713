import { Command } from 'commander';
import type { KubeObject } from '../../shared/objects/types.ts';
import { formatColumns } from '../print/columns.ts';
import { formatExamples } from '../examples.ts';
import { exitCodes } from '../failure.ts';
import { outputOption, printValue } from '../print/output.ts';
import type { ServedResource } from '../client/resource-names.ts';
import { withApiOptions, withClient, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface CanOptions extends ApiOptions {
  allNamespaces?: boolean;
  list?: boolean;
  quiet?: boolean;
  subresource?: string;
  headers: boolean;
}

interface Answer {
  status: { allowed: boolean; reason?: string; evaluationError?: string };
}

interface Rule {
  verbs: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

interface Rules {
  status: { resourceRules?: Rule[]; nonResourceRules?: Rule[]; incomplete?: boolean; evaluationError?: string };
}

type Me = KubeObject & {
  status: { userInfo: { username?: string; uid?: string; groups?: string[]; extra?: Record<string, string[]> } };
};

const reviews = '/apis/authorization.k8s.io/v1';

/** `berth auth can-i|whoami`. */
export function authCommand(): Command {
  const auth = new Command('auth')
    .description('Show who you are and what you may do')
    .addHelpText('after', formatExamples(['berth auth whoami', 'berth auth can-i create pods -n web']));
  const can = new Command('can-i')
    .description('Say whether something is allowed: yes, or no with exit code 1')
    .argument('[verb]', 'get, list, watch, create, update, patch, delete, … or *')
    .argument('[object]', 'TYPE, TYPE/NAME or a path as /metrics')
    .option('--list', 'all that is allowed in the namespace')
    .option('--subresource <name>', 'a part of the objects, as log or scale')
    .option('-A, --all-namespaces', 'in all namespaces')
    .option('-q, --quiet', 'the exit code alone')
    .option('--no-headers', 'leave the headings of the list out')
    .action((verb: string | undefined, object: string | undefined, options: CanOptions) =>
      withSession(options, (session) => canI(session, verb, object, options)),
    );
  auth.addCommand(
    withApiOptions(can, [
      'berth auth can-i create deployments -n web',
      'berth auth can-i get pods --subresource=log --as system:serviceaccount:web:default',
      'berth auth can-i --list',
    ]),
  );
  const who = new Command('whoami')
    .description('Show as whom the server knows you')
    .addOption(outputOption('json', 'yaml', 'jsonpath=…'))
    .action(whoAmI);
  return auth.addCommand(withApiOptions(who, ['berth auth whoami', 'berth auth whoami -o json']));
}

async function canI(
  session: Session,
  verb: string | undefined,
  object: string | undefined,
  options: CanOptions,
): Promise<void> {
  if (options.list === true) return listRules(session, options);
  if (verb === undefined || object === undefined) throw new UsageError('name a verb and a type, or use --list');
  const spec = object.startsWith('/')
    ? { nonResourceAttributes: { verb, path: object } }
    : { resourceAttributes: { verb, ...readObject(session, object, options) } };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec };
  const { status } = await session.client.call<Answer>('POST', `${reviews}/selfsubjectaccessreviews`, { body });
  if (!status.allowed) process.exitCode = exitCodes.failed;
  if (options.quiet === true) return;
  const why = [status.reason, status.evaluationError].filter((text) => text !== undefined && text !== '');
  process.stdout.write(status.allowed ? 'yes\n' : `${['no', ...why].join(' - ')}\n`);
}

/** What a type and a name mean to the server; a type that it does not have may be allowed all the same. */
function readObject({ names, namespace }: Session, object: string, options: CanOptions): Record<string, unknown> {
  const [type = '', name] = object.split('/');
  const known = type === '*' ? undefined : findKnown(names, type);
  const [resource, ...group] = type.split('.');
  if (known === undefined && type !== '*') {
    process.stderr.write(`Warning: the server doesn't have a resource type '${type}'\n`);
  }
  const isWide = options.allNamespaces === true || known?.namespaced === false;
  if (known?.namespaced === false && options.namespace !== undefined) {
    process.stderr.write(`Warning: resource '${known.plural}' is not namespace scoped\n`);
  }
  return {
    ...(!isWide && { namespace }),
    group: known?.group ?? (type === '*' ? '*' : group.join('.')),
    resource: known?.plural ?? resource,
    ...(options.subresource !== undefined && { subresource: options.subresource }),
    ...(name !== undefined && { name }),
  };
}

function findKnown(names: Session['names'], type: string): ServedResource | undefined {
  try {
    return names.find(type)[0];
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

async function listRules({ client, namespace }: Session, { headers }: CanOptions): Promise<void> {
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview', spec: { namespace } };
  const { status } = await client.call<Rules>('POST', `${reviews}/selfsubjectrulesreviews`, { body });
  if (status.incomplete === true) {
    process.stderr.write(`Warning: the list may be incomplete: ${status.evaluationError ?? 'the server says so'}\n`);
  }
  const verbs = new Map<string, Set<string>>();
  const add = (resource: string, paths: string[], names: string[], allowed: string[]): void => {
    const key = [resource, `[${paths.join(' ')}]`, `[${names.join(' ')}]`].join('\t');
    verbs.set(key, new Set([...(verbs.get(key) ?? []), ...allowed]));
  };
  for (const { apiGroups = [], resources = [], resourceNames = [], verbs: allowed } of status.resourceRules ?? []) {
    for (const group of apiGroups) {
      for (const resource of resources)
        add(group === '' ? resource : `${resource}.${group}`, [], resourceNames, allowed);
    }
  }
  for (const { nonResourceURLs = [], verbs: allowed } of status.nonResourceRules ?? []) {
    for (const path of nonResourceURLs) add('', [path], [], allowed);
  }
  const rows = [...verbs].map(([key, allowed]) => [...key.split('\t'), `[${[...allowed].join(' ')}]`]);
  const headings = ['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs'];
  const byName = rows.sort(([a = ''], [b = '']) => Number(a === '') - Number(b === '') || (a < b ? -1 : 1));
  process.stdout.write(formatColumns(headers ? [headings, ...byName] : byName));
}

function whoAmI(options: ApiOptions & { output?: string }): Promise<void> {
  return withClient(options, async (client) => {
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const me = await client.call<Me>('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body });
    if (options.output !== undefined) return printValue(me, options.output);
    const { username = '', uid, groups = [], extra = {} } = me.status.userInfo;
    const rows = [
      ['ATTRIBUTE', 'VALUE'],
      ['Username', username],
      ...(uid === undefined || uid === '' ? [] : [['UID', uid]]),
      ...(groups.length === 0 ? [] : [['Groups', `[${groups.join(' ')}]`]]),
      ...Object.entries(extra).map(([key, values]) => [`Extra: ${key}`, `[${values.join(' ')}]`]),
    ];
    process.stdout.write(formatColumns(rows));
  });
}
