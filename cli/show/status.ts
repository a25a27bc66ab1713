import { Command } from 'commander';
import type { Deployment, Node, Pod, Stored } from '../../shared/objects/types.ts';
import type { ApiClient } from '../client/client.ts';
import { outputOption, printValue } from '../print/output.ts';
import { withApiOptions, withClient, type ApiOptions } from '../client/session.ts';

interface Summary {
  server: string;
  version: string;
  nodes: { total: number; ready: number; notReady: string[] };
  pods: Record<string, number>;
  deployments: { total: number; available: number; waiting: string[] };
}

/** `berth status`: the whole cluster on a few lines. */
export function statusCommand(): Command {
  return withApiOptions(new Command('status'), ['berth status', 'berth status -o json'])
    .description('Show how the cluster is doing')
    .addOption(outputOption('json', 'yaml', 'jsonpath=…'))
    .action((options: ApiOptions & { output?: string }) =>
      withClient(options, async (client) => {
        const summary = await summarise(client);
        if (options.output === undefined) process.stdout.write(format(summary));
        else printValue(summary, options.output);
      }),
    );
}

async function summarise(client: ApiClient): Promise<Summary> {
  const [version, nodes, pods, deployments] = await Promise.all([
    client.call<{ gitVersion: string }>('GET', '/version'),
    client.call<{ items: Stored<Node>[] }>('GET', '/api/v1/nodes'),
    client.call<{ items: Stored<Pod>[] }>('GET', '/api/v1/pods'),
    client.call<{ items: Stored<Deployment>[] }>('GET', '/apis/apps/v1/deployments'),
  ]);
  const phases: Record<string, number> = {};
  for (const { status } of pods.items)
    phases[status?.phase ?? 'Unknown'] = (phases[status?.phase ?? 'Unknown'] ?? 0) + 1;
  const notReady = nodes.items.filter(
    ({ status }) => !status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True'),
  );
  const waiting = deployments.items.filter(
    ({ spec, status }) => (status?.availableReplicas ?? 0) < (spec?.replicas ?? 1),
  );
  return {
    server: client.connection.server,
    version: version.gitVersion,
    nodes: {
      total: nodes.items.length,
      ready: nodes.items.length - notReady.length,
      notReady: notReady.map(({ metadata }) => metadata.name),
    },
    pods: phases,
    deployments: {
      total: deployments.items.length,
      available: deployments.items.length - waiting.length,
      waiting: waiting.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
    },
  };
}

function format({ server, version, nodes, pods, deployments }: Summary): string {
  const list = (names: string[]): string => (names.length === 0 ? '' : ` (not: ${names.join(', ')})`);
  const phases = Object.entries(pods).map(([phase, count]) => `${count} ${phase}`);
  return [
    `server       ${server} ${version}`,
    `nodes        ${nodes.ready} of ${nodes.total} ready${list(nodes.notReady)}`,
    `pods         ${phases.length === 0 ? 'none' : phases.join(', ')}`,
    `deployments  ${deployments.available} of ${deployments.total} available${list(deployments.waiting)}`,
    '',
  ].join('\n');
}
