import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Command } from 'commander';
import type { LogLevel } from '../shared/log.ts';
import { mayNodeSet } from '../shared/objects/node-labels.ts';
import { sysctlNamespace } from '../shared/objects/sysctls.ts';
import type { Taint } from '../shared/objects/types.ts';
import { parseDirectory, parseLogLevel, parseNodeName, SettingsError } from '../shared/settings.ts';
import { readFlagsAsKubectl } from '../shared/flag-values.ts';
import { complainInOneLine } from '../shared/usage-line.ts';

/** What an agent is told at its start; wrong values end it before anything is touched. */
export interface AgentSettings {
  dataDir: string;
  nodeName: string;
  /** Needed until the node has joined once. */
  joinToken?: string;
  /** Where the token came from; to be removed once it was used. */
  joinTokenFile?: string;
  labels: Record<string, string>;
  taints: Taint[];
  runtime: 'oci';
  maxPods: number;
  /** Names, or beginnings with `*`. */
  allowedUnsafeSysctls: string[];
  logLevel: LogLevel;
}

interface Flags {
  dataDir: string;
  nodeName: string;
  join?: string;
  label: string[];
  taint: string[];
  runtime: string;
  maxPods: string;
  allowedUnsafeSysctls: string[];
  logLevel: string;
}

/** Reads flags, for which `BERTH_JOIN_TOKEN` and others stand in. Throws SettingsError or CommanderError. */
export function readSettings(argv: readonly string[]): AgentSettings {
  const env = process.env;
  const collect = (value: string, all: string[]): string[] => [...all, value];
  const flags = complainInOneLine(readFlagsAsKubectl(new Command('berth agent')))
    .description('Make this machine a node of a cluster, in the foreground.')
    .option(
      '--join <token>',
      'from berth token create; needed the first time (or $BERTH_JOIN_TOKEN, which others on this machine cannot see)',
    )
    .option(
      '--data-dir <dir>',
      'where images, logs and desired pods are kept',
      env['BERTH_DATA_DIR'] ?? '/var/lib/berth',
    )
    .option('--node-name <name>', 'name of this node', env['BERTH_NODE_NAME'] ?? hostname().toLowerCase())
    .option('--label <key=value>', 'label of the node; may be repeated', collect, [])
    .option('--taint <key=value:effect>', 'taint of the node; may be repeated', collect, [])
    .option('--runtime <name>', 'container runtime: oci', 'oci')
    .option('--max-pods <count>', 'how many pods fit', '110')
    .option(
      '--allowed-unsafe-sysctls <names>',
      'sysctls beside the safe ones that pods may set, with commas; `*` at the end stands for anything',
      (value, all) => [...all, ...value.split(',')],
      [] as string[],
    )
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .parse(argv, { from: 'user' })
    .opts<Flags>();
  if (flags.runtime !== 'oci') throw new SettingsError('runtime', `"${flags.runtime}" is not built yet: use oci`);
  const maxPods = Number(flags.maxPods);
  if (!Number.isSafeInteger(maxPods) || maxPods < 1) throw new SettingsError('max-pods', 'a number from 1 on');
  return {
    dataDir: parseDirectory('data-dir', flags.dataDir),
    nodeName: parseNodeName('node-name', flags.nodeName),
    ...joinTokenOf(flags.join),
    labels: Object.fromEntries(flags.label.map(parseLabel)),
    taints: flags.taint.map(parseTaint),
    runtime: flags.runtime,
    maxPods,
    allowedUnsafeSysctls: flags.allowedUnsafeSysctls.map(parseSysctls),
    logLevel: parseLogLevel('log-level', flags.logLevel),
  };
}

/** What the environment holds can be read as long as the process lives, so `berth` hands the token over in a file. */
function joinTokenOf(given: string | undefined): Pick<AgentSettings, 'joinToken' | 'joinTokenFile'> {
  const file = process.env['BERTH_JOIN_TOKEN_FILE'];
  if (given !== undefined || file === undefined) return given === undefined ? {} : { joinToken: given };
  try {
    return { joinToken: readFileSync(file, 'utf8').trim(), joinTokenFile: file };
  } catch {
    return {}; // an earlier start has used it
  }
}

function parseLabel(text: string): [string, string] {
  const match = /^([A-Za-z0-9][-A-Za-z0-9_.]*(?:\/[A-Za-z0-9][-A-Za-z0-9_.]*)?)=([-A-Za-z0-9_.]{0,63})$/.exec(text);
  if (match === null) throw new SettingsError('label', `"${text}" is not KEY=VALUE`);
  const [, key = '', value = ''] = match;
  if (!mayNodeSet(key)) {
    const how = `a node may not give itself this label: kubectl label node NAME ${key}=${value}`;
    throw new SettingsError('label', `"${key}": ${how}`);
  }
  return [key, value];
}

function parseSysctls(pattern: string): string {
  const namespace = /^[A-Za-z0-9_./-]+\*?$/.test(pattern) ? sysctlNamespace(pattern) : undefined;
  if (namespace !== undefined) return pattern;
  const problem = `"${pattern}" is no setting that pods have for themselves, as net.core.somaxconn, net.* or kernel.msg*`;
  throw new SettingsError('allowed-unsafe-sysctls', problem);
}

function parseTaint(text: string): Taint {
  const match = /^([^=:]+)(?:=([^:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text);
  if (match === null)
    throw new SettingsError('taint', `"${text}" is not KEY=VALUE:NoSchedule|PreferNoSchedule|NoExecute`);
  const [, key = '', value, effect = ''] = match;
  return { key, effect, ...(value === undefined || value === '' ? {} : { value }) };
}
