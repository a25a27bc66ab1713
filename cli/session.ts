import type { Command } from 'commander';
import { ApiClient } from './client.ts';
import { kubeconfigPath, loadKubeconfig } from './kubeconfig.ts';
import { ResourceNames } from './resource-names.ts';

/** Options that every command of the API has. */
export interface ApiOptions {
  kubeconfig?: string;
  namespace?: string;
  allNamespaces?: boolean;
}

/** One connection for one command. */
export interface Session {
  client: ApiClient;
  names: ResourceNames;
  namespace: string;
}

/** Adds `--kubeconfig` and `-n`. */
export function withApiOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig to use (default: $KUBECONFIG, else the one of the data directory)')
    .option('-n, --namespace <name>', 'namespace to act in');
}

/** Connects as the options say and closes when `work` ends. */
export async function withSession<T>(options: ApiOptions, work: (session: Session) => Promise<T>): Promise<T> {
  const connection = loadKubeconfig(kubeconfigPath(options.kubeconfig));
  const client = new ApiClient(connection);
  try {
    const names = await ResourceNames.load(client);
    return await work({ client, names, namespace: options.namespace ?? connection.namespace });
  } finally {
    client.close();
  }
}
