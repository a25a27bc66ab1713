import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { Command } from 'commander';
import type { Service, Stored } from '../../shared/objects/types.ts';
import { messageOf } from '../../shared/errors.ts';
import { forwardConnection } from './forward-connection.ts';
import { parseForwardedPort, type ForwardedPort } from './forwarded-ports.ts';
import { findPod, type MeantPod } from './pods-of.ts';
import { parseTargets, resourcePath } from '../client/resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';

interface ForwardOptions extends ApiOptions {
  address: string;
}

/** `berth port-forward`: connections to a port of this machine go to a port of a pod, until Ctrl-C. */
export function portForwardCommand(): Command {
  const command = new Command('port-forward')
    .description('Make ports of a pod reachable on this machine')
    .argument('<pod>', 'POD, or TYPE/NAME as service/web')
    .argument('<ports...>', '[LOCAL:]REMOTE; an empty LOCAL takes any free port')
    .option('--address <addresses>', 'where to listen, separated by commas', 'localhost')
    .action((pod: string, ports: string[], options: ForwardOptions) =>
      withSession(options, (session) => forward(session, pod, ports, options)),
    );
  return withApiOptions(command, [
    'berth port-forward pod/web 8080:80',
    'berth port-forward deployment/web :8080',
    'berth port-forward service/web 8080:http 9090:metrics --address 0.0.0.0',
  ]);
}

/** Rejects when no port can be listened on, and when the pod is gone. */
async function forward(session: Session, word: string, words: string[], { address }: ForwardOptions): Promise<void> {
  const { name, pod } = await findRunning(session, word);
  const service = await findService(session, word);
  const ports = words.map((each) => parseForwardedPort(each, pod, service));
  const path = `${resourcePath(session.names.findKind('v1', 'Pod'), session.namespace, name)}/portforward`;
  const servers: Server[] = [];
  // Ctrl-C is how it ends when all goes well, so that is no failure, as with kubectl.
  process.prependOnceListener('SIGINT', () => process.exit(0));
  try {
    await new Promise<never>((_resolve, reject) => {
      const listenAll = async (): Promise<void> => {
        for (const port of ports) servers.push(...(await listen(session, path, address.split(','), port, reject)));
      };
      listenAll().catch(reject);
    });
  } finally {
    for (const server of servers) server.close();
  }
}

async function findRunning(session: Session, word: string): Promise<Required<MeantPod>> {
  const { name, pod } = await findPod(session, word);
  if (pod === undefined) throw new Error(`pods "${name}" not found`);
  const phase = pod.status?.phase ?? 'Pending';
  if (phase === 'Running') return { name, pod };
  throw new Error(`unable to forward port because pod is not running. Current status=${phase}`);
}

/** The service that was named, undefined when it was something else. */
async function findService({ client, names, namespace }: Session, word: string): Promise<Stored<Service> | undefined> {
  const [target] = word.includes('/') ? parseTargets([word], names) : [];
  if (target === undefined || target.resource.kind !== 'Service') return undefined;
  return client.call<Stored<Service>>('GET', resourcePath(target.resource, namespace, target.name));
}

/** Listens on the port at each address; the first settles which port it is when any will do. */
async function listen(
  { client }: Session,
  path: string,
  addresses: readonly string[],
  { local, remote }: ForwardedPort,
  gone: (error: Error) => void,
): Promise<Server[]> {
  const servers: Server[] = [];
  let port = local;
  for (const address of addresses.flatMap((each) => (each === 'localhost' ? ['127.0.0.1', '::1'] : [each]))) {
    const server = createServer({ allowHalfOpen: true }, (connection) => {
      process.stdout.write(`Handling connection for ${port}\n`);
      forwardConnection(client, path, remote, connection, gone).catch((error: unknown) => {
        process.stderr.write(`berth: an error occurred forwarding ${port} -> ${remote}: ${messageOf(error)}\n`);
      });
    });
    server.listen(port, address);
    try {
      await once(server, 'listening');
    } catch (error) {
      // A machine without IPv6 has no such address.
      if (servers.length > 0 && address === '::1' && addresses.includes('localhost')) continue;
      throw new Error(`unable to listen on port ${port}: ${messageOf(error)}`, { cause: error });
    }
    ({ port } = server.address() as { port: number });
    process.stdout.write(`Forwarding from ${address.includes(':') ? `[${address}]` : address}:${port} -> ${remote}\n`);
    servers.push(server);
  }
  return servers;
}
