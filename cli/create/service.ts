import { Command } from 'commander';
import { parseWhole } from '../durations.ts';
import { withApiOptions } from '../client/session.ts';
import { UsageError } from '../usage.ts';
import { collect, creating, type CreateOptions, type NewObject } from './creating.ts';

interface ServiceOptions extends CreateOptions {
  tcp?: string[];
  clusterip?: string;
  nodePort?: number;
  externalName?: string;
}

const types: Readonly<Record<string, string>> = {
  clusterip: 'ClusterIP',
  nodeport: 'NodePort',
  loadbalancer: 'LoadBalancer',
  externalname: 'ExternalName',
};

/** `create service clusterip|nodeport|loadbalancer|externalname`. */
export function serviceCommand(): Command {
  const command = new Command('service').alias('svc').description('One address for the pods with the label app=NAME');
  for (const name of Object.keys(types)) command.addCommand(typeCommand(name));
  return withApiOptions(command, ['berth create service clusterip web --tcp=80:8080']);
}

function typeCommand(name: string): Command {
  const command = new Command(name)
    .description(`A service of type ${types[name]}`)
    .argument('<name>', 'its name')
    .option('--tcp <ports>', 'PORT or PORT:TARGET; may be repeated', collect);
  if (name === 'clusterip') command.option('--clusterip <address>', 'its address, or None');
  if (name === 'nodeport') command.option('--node-port <number>', 'the port of every node', parseWhole);
  if (name === 'externalname') command.requiredOption('--external-name <host>', 'the host that it stands for');
  const flags = name === 'externalname' ? '--external-name=db.example.com' : '--tcp=80:8080';
  return creating<ServiceOptions>(command, (words, options) => makeService(name, words, options), [
    `berth create service ${name} web ${flags}`,
  ]);
}

function makeService(kind: string, [name = '']: string[], options: ServiceOptions): NewObject {
  const { tcp = [], clusterip, nodePort, externalName } = options;
  if (tcp.length === 0 && clusterip !== 'None' && externalName === undefined) {
    throw new UsageError('at least one port must be specified, as --tcp=80:8080');
  }
  const ports = tcp.map((word) => ({ ...parsePort(word), ...(nodePort !== undefined && { nodePort }) }));
  const spec = {
    type: types[kind],
    ...(externalName === undefined ? { selector: { app: name } } : { externalName }),
    ...(clusterip !== undefined && { clusterIP: clusterip }),
    ...(ports.length > 0 && { ports }),
  };
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, labels: { app: name } }, spec };
}

function parsePort(word: string): object {
  const [, port = '', target = port] = /^(\d{1,5})(?::([a-z0-9-]+))?$/.exec(word) ?? [];
  if (port === '') throw new UsageError(`--tcp ${word} is not PORT or PORT:TARGET`);
  const targetPort = /^\d+$/.test(target) ? Number(target) : target;
  return { name: word.replace(':', '-'), port: Number(port), protocol: 'TCP', targetPort };
}
