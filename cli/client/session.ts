import { Option, type Command } from 'commander';
import { ApiClient } from './client.ts';
import { formatExamples } from '../examples.ts';
import { exitCodes } from '../failure.ts';
import { kubeconfigPath, loadKubeconfig, type Impersonation } from './kubeconfig.ts';
import { ResourceNames } from './resource-names.ts';
import { UsageError } from '../usage.ts';

/** Options that every command of the API has. */
export interface ApiOptions {
  kubeconfig?: string;
  context?: string;
  namespace?: string;
  as?: string;
  asGroup?: string[];
  asUid?: string;
}

/** One connection for one command. */
export interface Session {
  client: ApiClient;
  names: ResourceNames;
  namespace: string;
}

const kubeconfigFlag = ['--kubeconfig <file>', "default: $KUBECONFIG, else the data directory's"] as const;

/** Adds `--kubeconfig` and, under the help, examples of the command's use: for what asks no server. */
export function withKubeconfigOption(command: Command, examples: readonly string[]): Command {
  return command.option(...kubeconfigFlag).addHelpText('after', formatExamples(examples));
}

/** Adds `--kubeconfig`, `--context`, `-n` and, under the help, examples of the command's use. */
export function withApiOptions(command: Command, examples: readonly string[]): Command {
  return command
    .addOption(connecting('-n, --namespace <name>', 'namespace to act in'))
    .addOption(connecting('--context <name>', 'context of the kubeconfig (default: its current one)'))
    .addOption(connecting(...kubeconfigFlag))
    .addOption(connecting('--as <user>', 'act as this user, system:serviceaccount:NAMESPACE:NAME for an account'))
    .addOption(connecting('--as-group <group>', 'act as a member of this group; may be repeated').argParser(collect))
    .addOption(connecting('--as-uid <uid>', 'act as the user with this uid').hideHelp())
    .addHelpText('after', formatExamples(examples));
}

function readImpersonation({ as: user, asGroup = [], asUid: uid }: ApiOptions): Impersonation | undefined {
  if (user !== undefined) return { user, groups: asGroup, ...(uid !== undefined && { uid }) };
  if (asGroup.length > 0 || uid !== undefined) throw new UsageError('--as-group and --as-uid go with --as');
  return undefined;
}

function collect(word: string, before: string[] = []): string[] {
  return [...before, word];
}

function connecting(flags: string, description: string): Option {
  return new Option(flags, description).helpGroup('Which cluster:');
}

/** Connects as the options say and closes when `work` ends. An interrupt ends it without a word. */
export async function withClient<T>(
  { kubeconfig, context, namespace, ...options }: ApiOptions,
  work: (client: ApiClient, namespace: string) => Promise<T>,
): Promise<T> {
  const loaded = loadKubeconfig(kubeconfigPath(kubeconfig), context);
  const connection = { ...loaded, impersonate: readImpersonation(options) ?? loaded.impersonate };
  const client = new ApiClient(connection);
  const leave = (): void => process.exit(exitCodes.interrupted);
  process.on('SIGINT', leave);
  try {
    return await work(client, namespace ?? connection.namespace);
  } finally {
    process.off('SIGINT', leave);
    client.close();
  }
}

/** As `withClient`, with what the server serves. */
export function withSession<T>(options: ApiOptions, work: (session: Session) => Promise<T>): Promise<T> {
  return withClient(options, async (client, namespace) =>
    work({ client, names: await ResourceNames.load(client), namespace }),
  );
}
