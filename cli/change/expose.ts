import { Command, Option } from 'commander';
import type { KubeObject } from '../../shared/objects/types.ts';
import { createOne, withCreateFlags, type CreateOptions, type NewObject } from '../create/creating.ts';
import { parseWhole } from '../durations.ts';
import { podSpecOf } from '../pods/pod-template.ts';
import { formatSelector } from '../pods/pods-of.ts';
import { Results } from '../print/results.ts';
import { pathOf, selectObjects, type ObjectRef } from '../client/selection.ts';
import { withApiOptions, withSession, type Session } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface ExposeOptions extends CreateOptions {
  port?: number;
  targetPort?: string;
  name?: string;
  type: string;
  protocol: string;
  clusterIp?: string;
}

/** `berth expose deployment web --port=80`: a service for the pods that it selects. */
export function exposeCommand(): Command {
  const command = withCreateFlags(new Command('expose'))
    .description('Make a service for the pods of an object')
    .argument('<type...>', 'TYPE NAME or TYPE/NAME')
    .option('--port <number>', 'the port of the service (default: those of the containers)', parseWhole)
    .option('--target-port <port>', 'the port of the pods, a number or a name')
    .option('--name <name>', 'of the service (default: the name of the object)')
    .addOption(
      new Option('--type <type>', 'of the service')
        .choices(['ClusterIP', 'NodePort', 'LoadBalancer'])
        .default('ClusterIP'),
    )
    .addOption(new Option('--protocol <protocol>', 'of the port').choices(['TCP', 'UDP', 'SCTP']).default('TCP'))
    .option('--cluster-ip <address>', 'its address, or None')
    .action((words: string[], options: ExposeOptions) =>
      withSession(options, async (session) => {
        const results = new Results(options.output);
        for (const ref of await selectObjects(session, words, {})) {
          await createOne(session, await makeService(session, ref, options), options, results, 'exposed');
        }
        results.finish();
      }),
    );
  return withApiOptions(command, [
    'berth expose deployment web --port=80 --target-port=8080',
    'berth expose pod/db --port=5432 --cluster-ip=None',
  ]);
}

async function makeService({ client }: Session, ref: ObjectRef, options: ExposeOptions): Promise<NewObject> {
  const object = await client.call<KubeObject>('GET', pathOf(ref));
  const isPod = ref.resource.kind === 'Pod';
  const labels = object.metadata.labels ?? {};
  const selector = isPod ? labels : readPairs(formatSelector(object));
  if (Object.keys(selector).length === 0)
    throw new Error(`couldn't find labels that a service could select ${ref.name} by`);
  const { type, protocol, clusterIp } = options;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: options.name ?? ref.name, labels },
    spec: {
      type,
      selector,
      ports: portsOf(ref, object, options, protocol),
      ...(clusterIp !== undefined && { clusterIP: clusterIp }),
    },
  };
}

/** Services know labels with one value only. Throws Error for another selector. */
function readPairs(selector: string): Record<string, string> {
  const pairs = selector
    .split(',')
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('='));
  if (pairs.some(({ length }) => length !== 2)) throw new Error(`a service cannot select by "${selector}"`);
  return Object.fromEntries(pairs as [string, string][]);
}

function portsOf({ resource }: ObjectRef, object: KubeObject, options: ExposeOptions, protocol: string): object[] {
  const { port, targetPort } = options;
  const target = targetPort !== undefined && /^\d+$/.test(targetPort) ? Number(targetPort) : targetPort;
  if (port !== undefined) return [{ port, protocol, targetPort: target ?? port }];
  const spec = resource.kind === 'Service' ? undefined : podSpecOf(resource, object);
  const ports = (spec?.containers ?? []).flatMap(({ ports: own = [] }) => own);
  if (ports.length === 0) throw new UsageError(`couldn't find port via --port flag or introspection`);
  return ports.map(({ containerPort, protocol: own = protocol }, index) => ({
    ...(ports.length > 1 && { name: `port-${index + 1}` }),
    port: containerPort,
    protocol: own,
    targetPort: target ?? containerPort,
  }));
}
