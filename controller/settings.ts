import { Command } from 'commander';
import {
  parseAddress,
  parseCidr,
  parseDirectory,
  parseLogLevel,
  SettingsError,
  type Address,
} from '../shared/settings.ts';
import type { LogLevel } from '../shared/log.ts';
import type { PodSecurityExemptions } from './api/pod-security/pod-security.ts';
import { readFlagsAsKubectl } from '../shared/flag-values.ts';
import { complainInOneLine } from '../shared/usage-line.ts';

/** What a controller is told at its start; wrong values end it before anything is touched. */
export interface ControllerSettings {
  dataDir: string;
  apiListen: Address;
  busListen: Address;
  metricsListen: Address;
  /** Nodes get /24 networks out of it. */
  podCidr: string;
  /** Silence after which a node counts as lost. */
  nodeGraceMs: number;
  logLevel: LogLevel;
  /** What the pod security labels of namespaces do not apply to. */
  podSecurityExempt: PodSecurityExemptions;
  /** Where requests to the API are written down: '' nowhere, `-` the standard output, else a file. */
  auditLog: string;
  /** The controller before this one was killed since it did not answer, or ended itself amid its work. */
  wasStuck: boolean;
}

interface Flags {
  dataDir: string;
  apiListen: string;
  busListen: string;
  metricsListen: string;
  podCidr: string;
  logLevel: string;
  podSecurityExempt: string;
  auditLog: string;
}

/** Reads flags, for which `BERTH_DATA_DIR`, `BERTH_API_LISTEN` … stand in. Throws SettingsError or CommanderError. */
export function readSettings(argv: readonly string[]): ControllerSettings {
  const command = complainInOneLine(readFlagsAsKubectl(new Command('berth controller'))).description(
    'Run the control plane in the foreground: API, controllers, scheduler and bus.',
  );
  const option = (flag: string, description: string, value: string): void => {
    const variable = `BERTH_${flag.replaceAll('-', '_').toUpperCase()}`;
    command.option(`--${flag} <value>`, `${description} (or $${variable})`, process.env[variable] ?? value);
  };
  option('data-dir', 'where state, keys and history are kept', '/var/lib/berth');
  option('api-listen', 'host:port of the Kubernetes API', '127.0.0.1:7443');
  option('bus-listen', 'host:port of the bus for agents', '127.0.0.1:7422');
  option('metrics-listen', 'host:port of the Prometheus metrics', '127.0.0.1:7480');
  option('pod-cidr', 'network that nodes take their pod networks from', '10.90.0.0/16');
  option('log-level', 'debug, info, warn or error', 'info');
  option(
    'pod-security-exempt',
    'what Pod Security does not apply to: namespace=NAME, user=NAME, runtimeclass=NAME, with commas between',
    '',
  );
  option('audit-log', 'file for a line about each request to the API; - is the standard output', '');
  const flags = command.parse(argv, { from: 'user' }).opts<Flags>();
  return {
    dataDir: parseDirectory('data-dir', flags.dataDir),
    apiListen: parseAddress('api-listen', flags.apiListen),
    busListen: parseAddress('bus-listen', flags.busListen),
    metricsListen: parseAddress('metrics-listen', flags.metricsListen),
    podCidr: parseCidr('pod-cidr', flags.podCidr),
    nodeGraceMs: 4000,
    logLevel: parseLogLevel('log-level', flags.logLevel),
    auditLog: flags.auditLog,
    wasStuck: (process.env['BERTH_LAST_END'] ?? '') !== '',
    podSecurityExempt: parseExemptions('pod-security-exempt', flags.podSecurityExempt),
  };
}

function parseExemptions(flag: string, text: string): PodSecurityExemptions {
  const lists = { namespace: [] as string[], user: [] as string[], runtimeclass: [] as string[] };
  for (const entry of text.split(',').filter((part) => part !== '')) {
    const [, kind = '', name = ''] = /^([a-z]+)=(.+)$/.exec(entry) ?? [];
    if (!Object.hasOwn(lists, kind)) {
      throw new SettingsError(flag, `"${entry}" is not namespace=NAME, user=NAME or runtimeclass=NAME`);
    }
    lists[kind as keyof typeof lists].push(name);
  }
  return { namespaces: lists.namespace, users: lists.user, runtimeClasses: lists.runtimeclass };
}
