import { Command } from 'commander';
import type { Service, Stored } from '../../shared/objects/types.ts';
import { resourcePath } from '../client/resource-names.ts';
import { withApiOptions, withSession, type ApiOptions } from '../client/session.ts';

/** `berth cluster-info`: where the API and the services that belong to the cluster are. */
export function clusterInfoCommand(): Command {
  const command = new Command('cluster-info').description('Show where the API server is').action(showCluster);
  return withApiOptions(command, ['berth cluster-info', 'berth cluster-info --context other']);
}

function showCluster(options: ApiOptions): Promise<void> {
  return withSession(options, async ({ client, names }) => {
    const { server } = client.connection;
    process.stdout.write(`Kubernetes control plane is running at ${server}\n`);
    const path = resourcePath(names.findKind('v1', 'Service'), 'kube-system');
    const query = { labelSelector: 'kubernetes.io/cluster-service=true' };
    const { items } = await client.call<{ items: Stored<Service>[] }>('GET', path, { query });
    for (const { metadata, spec } of items) {
      const port = spec?.ports?.[0]?.name;
      const where = `${path}/${metadata.name}${port === undefined ? '' : `:${port}`}/proxy`;
      const name = metadata.labels?.['kubernetes.io/name'] ?? metadata.name;
      process.stdout.write(`${name} is running at ${server}${where}\n`);
    }
    process.stderr.write(`\n'berth status' sums up nodes, pods and what went wrong.\n`);
  });
}
