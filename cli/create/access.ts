import { Command } from 'commander';
import type { Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';
import { collect, creating, type CreateOptions, type NewObject } from './creating.ts';

interface RoleOptions extends CreateOptions {
  verb?: string[];
  resource?: string[];
  resourceName?: string[];
  nonResourceUrl?: string[];
  aggregationRule?: string[];
}

interface BindingOptions extends CreateOptions {
  role?: string;
  clusterrole?: string;
  user?: string[];
  group?: string[];
  serviceaccount?: string[];
}

const apiGroup = 'rbac.authorization.k8s.io';
const apiVersion = `${apiGroup}/v1`;

/** `create serviceaccount robot`. */
export function serviceAccountCommand(): Command {
  const command = new Command('serviceaccount')
    .alias('sa')
    .description('An account for pods')
    .argument('<name>', 'its name');
  const make = ([name = '']: string[]): NewObject => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });
  return creating<CreateOptions>(command, make, ['berth create serviceaccount robot']);
}

/** `create role reader --verb=get,list --resource=pods`. */
export function roleCommand(): Command {
  const command = withRule(new Command('role').description('What may be done in a namespace'));
  return creating<RoleOptions>(command, (words, options, session) => makeRole('Role', words, options, session), [
    'berth create role reader --verb=get,list,watch --resource=pods,pods/log',
    'berth create role deployer --verb=patch --resource=deployments.apps --resource-name=web',
  ]);
}

/** `create clusterrole reader --verb=get --resource=nodes`. */
export function clusterRoleCommand(): Command {
  const command = withRule(new Command('clusterrole').description('What may be done in all namespaces'))
    .option('--non-resource-url <path>', 'a path of the API, as /metrics; may be repeated', collect)
    .option('--aggregation-rule <labels>', 'take the rules of cluster roles with these labels', collect);
  return creating<RoleOptions>(command, (words, options, session) => makeRole('ClusterRole', words, options, session), [
    'berth create clusterrole node-reader --verb=get,list --resource=nodes',
    'berth create clusterrole scraper --verb=get --non-resource-url=/metrics',
    'berth create clusterrole all --aggregation-rule=rbac.example.com/to-all=true',
  ]);
}

function withRule(command: Command): Command {
  return command
    .argument('<name>', 'its name')
    .option('--verb <verbs>', 'what may be done, as get,list', collect)
    .option('--resource <types>', 'with what, as pods, pods/log or deployments.apps', collect)
    .option('--resource-name <names>', 'only with objects of these names', collect);
}

function makeRole(kind: string, [name = '']: string[], options: RoleOptions, session: Session): NewObject {
  const { verb: verbs = [], resourceName: resourceNames, nonResourceUrl: urls, aggregationRule } = options;
  const metadata = { name };
  if (aggregationRule !== undefined) {
    const matchLabels = Object.fromEntries(aggregationRule.map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
    return { apiVersion, kind, metadata, rules: [], aggregationRule: { clusterRoleSelectors: [{ matchLabels }] } };
  }
  if (verbs.length === 0) throw new UsageError('at least one verb must be specified, as --verb=get');
  if (options.resource === undefined && urls === undefined) {
    throw new UsageError('at least one resource must be specified, as --resource=pods');
  }
  const byGroup = Map.groupBy(options.resource ?? [], (word) => (word === '*' ? '' : findType(word, session).group));
  const rules: object[] = [...byGroup].map(([group, words]) => ({
    verbs,
    apiGroups: [group],
    resources: words.map((word) => (word === '*' ? word : findType(word, session).resource)),
    ...(resourceNames && { resourceNames }),
  }));
  if (urls !== undefined) rules.push({ verbs, nonResourceURLs: urls });
  return { apiVersion, kind, metadata, rules };
}

/** What roles call `deploy`, `deployments.apps/scale`. Throws UsageError. */
function findType(word: string, { names }: Session): { group: string; resource: string } {
  const [type = '', subresource] = word.split(/\/(.*)/s);
  const [found] = names.find(type);
  if (found === undefined) throw new UsageError(`the server has no resource type "${type}"`);
  return { group: found.group, resource: subresource === undefined ? found.plural : `${found.plural}/${subresource}` };
}

/** `create rolebinding readers --role=reader --user=anna`. */
export function roleBindingCommand(): Command {
  const command = withSubjects(
    new Command('rolebinding').description('Who may do what a role says, in a namespace'),
  ).option('--role <name>', 'a role of the namespace');
  return creating<BindingOptions>(command, (words, options) => makeBinding('RoleBinding', words, options), [
    'berth create rolebinding readers --role=reader --serviceaccount=default:robot',
    'berth create rolebinding viewers --clusterrole=view --user=anna --group=team',
  ]);
}

/** `create clusterrolebinding admins --clusterrole=cluster-admin --user=anna`. */
export function clusterRoleBindingCommand(): Command {
  const command = withSubjects(new Command('clusterrolebinding').description('Who may do it in all namespaces'));
  return creating<BindingOptions>(command, (words, options) => makeBinding('ClusterRoleBinding', words, options), [
    'berth create clusterrolebinding admins --clusterrole=cluster-admin --group=team',
  ]);
}

function withSubjects(command: Command): Command {
  return command
    .argument('<name>', 'its name')
    .option('--clusterrole <name>', 'a cluster role')
    .option('--user <names>', 'who', collect)
    .option('--group <names>', 'which groups', collect)
    .option('--serviceaccount <namespace:name>', 'which accounts of pods', collect);
}

function makeBinding(kind: string, [name = '']: string[], options: BindingOptions): NewObject {
  const { role, clusterrole, user = [], group = [], serviceaccount = [] } = options;
  if ((role === undefined) === (clusterrole === undefined)) {
    throw new UsageError(
      kind === 'RoleBinding'
        ? 'exactly one of --role or --clusterrole must be specified'
        : '--clusterrole must be specified',
    );
  }
  const roleRef = { apiGroup, kind: role === undefined ? 'ClusterRole' : 'Role', name: role ?? clusterrole };
  const subjects = [
    ...user.map((each) => ({ apiGroup, kind: 'User', name: each })),
    ...group.map((each) => ({ apiGroup, kind: 'Group', name: each })),
    ...serviceaccount.map(parseAccount),
  ];
  return { apiVersion, kind, metadata: { name }, roleRef, subjects };
}

function parseAccount(word: string): object {
  const [namespace = '', name = '', ...rest] = word.split(':');
  if (namespace === '' || name === '' || rest.length > 0) {
    throw new UsageError(`serviceaccount must be <namespace>:<name>, not "${word}"`);
  }
  return { kind: 'ServiceAccount', namespace, name };
}
