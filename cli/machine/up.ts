import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { delimiter, join } from 'node:path';
import { Command, Option } from 'commander';
import { formatExamples } from '../examples.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Node, Stored } from '../../shared/objects/types.ts';
import { parseDirectory } from '../../shared/settings.ts';
import { ApiClient } from '../client/client.ts';
import { defaultDataDir, loadKubeconfig } from '../client/kubeconfig.ts';
import {
  claimProcess,
  endProcess,
  forgetProcess,
  livingProcesses,
  recordProcess,
} from '../../shared/process-records.ts';
import { writeJoinToken } from '../programs.ts';
import { Supervised } from './supervised.ts';
import { UsageError } from '../usage.ts';

interface UpOptions {
  dataDir: string;
  apiListen: string;
  busListen: string;
  metricsListen: string;
  nodeName: string;
  runtime: string;
  agent: boolean;
  podCidr?: string;
  podSecurityExempt?: string;
  auditLog?: string;
  allowedUnsafeSysctls?: string;
  logLevel: string;
}

/** What the controller says to its parent once the API answers. */
interface ControllerReady {
  ready: { api: string; metrics: string };
}

const readyTimeoutMs = 60_000;
const busGraceMs = 5000;

/** `berth up`: controller, bus and agent of this machine, in the foreground. */
export function upCommand(): Command {
  return new Command('up')
    .description('Run controller, bus and agent in the foreground')
    .option('--data-dir <dir>', 'where everything is kept', defaultDataDir)
    .option('--api-listen <host:port>', 'Kubernetes API', '127.0.0.1:7443')
    .option('--bus-listen <host:port>', 'bus for agents', '127.0.0.1:7422')
    .option('--metrics-listen <host:port>', 'Prometheus metrics', '127.0.0.1:7480')
    .option('--node-name <name>', 'name of this node', hostname().toLowerCase())
    .addOption(new Option('--runtime <name>', 'container runtime').choices(['oci']).default('oci'))
    .option('--pod-cidr <cidr>', 'network that nodes take their pod networks from')
    .option('--pod-security-exempt <list>', 'what Pod Security does not apply to: namespace=NAME, user=NAME, …')
    .option('--allowed-unsafe-sysctls <names>', 'sysctls beside the safe ones that pods of this node may set')
    .option('--audit-log <file>', 'file for a line about each request to the API; - is the standard output')
    .option('--no-agent', 'run no pods on this machine')
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .addHelpText(
      'after',
      formatExamples([
        'sudo berth up',
        'berth up --no-agent --data-dir ~/berth',
        'sudo berth up --api-listen 0.0.0.0:7443 --bus-listen 192.0.2.10:7422',
      ]),
    )
    .action(up);
}

async function up(options: UpOptions): Promise<void> {
  const dataDir = parseDirectory('data-dir', options.dataDir);
  checkHost(options);
  const running = claimProcess(dataDir, 'up');
  if (running !== undefined)
    throw new UsageError(`Berth already runs on ${dataDir} (process ${running.pid}); 'berth down' stops it`);

  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());
  const programs = new Programs(stopping.signal);
  try {
    await runUntilStopped(options, dataDir, programs, stopping.signal);
  } catch (error) {
    if (!stopping.signal.aborted) throw error;
  } finally {
    await programs.stop();
    await endBus(dataDir);
    forgetProcess(dataDir, 'up');
  }
}

/** A controller ends its bus itself, unless it was killed. */
async function endBus(dataDir: string): Promise<void> {
  for (const record of livingProcesses(dataDir)) {
    if (record.name !== 'nats-server') continue;
    await endProcess(record, busGraceMs);
    forgetProcess(dataDir, record.name);
  }
}

async function runUntilStopped(
  options: UpOptions,
  dataDir: string,
  programs: Programs,
  stopping: AbortSignal,
): Promise<void> {
  const { ready } = (await programs.start('controller', controllerArguments(options, dataDir))) as ControllerReady;
  const kubeconfig = join(dataDir, 'admin.kubeconfig');
  const client = new ApiClient(loadKubeconfig(kubeconfig, 'berth')); // whatever people have made the current context
  if (options.agent) {
    await programs.start('agent', agentArguments(options, dataDir), await joinEnvironment(client, dataDir));
    await waitUntilSchedulable(client, options.nodeName, stopping);
  }
  stopping.throwIfAborted();
  recordProcess(dataDir, 'up', process.pid, { kubeconfig, ...ready });
  process.stdout.write(`berth ready kubeconfig=${kubeconfig} api=${ready.api} metrics=${ready.metrics}\n`);
  await new Promise<void>((wake) => stopping.addEventListener('abort', () => wake(), { once: true }));
  client.close();
}

/** What `berth up` has started; all of it ends as soon as the process is told to stop, at whatever point that is. */
class Programs {
  readonly #stopping: AbortSignal;
  readonly #started: Supervised[] = [];

  constructor(stopping: AbortSignal) {
    this.#stopping = stopping;
    stopping.addEventListener('abort', () => void this.stop(), { once: true });
  }

  start(name: 'controller' | 'agent', args: string[], env: Record<string, string> = {}): Promise<unknown> {
    this.#stopping.throwIfAborted();
    const program = new Supervised(name, args, env);
    this.#started.push(program);
    return program.start(readyTimeoutMs);
  }

  /** The last one first. */
  async stop(): Promise<void> {
    for (const program of this.#started.toReversed()) await program.stop();
  }
}

/** Fails early, with all that is missing in one message. */
function checkHost({ agent, runtime }: UpOptions): void {
  const has = (command: string): boolean =>
    [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'].some((dir) =>
      existsSync(join(dir, command)),
    );
  const missing = ['nats-server', ...(agent && runtime === 'oci' ? ['runc', 'conmon', 'ip', 'nft', 'tar'] : [])].filter(
    (command) => !has(command),
  );
  if (missing.length > 0)
    throw new UsageError(`missing on this machine: ${missing.join(', ')}; run 'npm run setup' to install them`);
  if (agent && process.getuid?.() !== 0)
    throw new UsageError('running pods needs root: use sudo, or --no-agent for the control plane alone');
}

function controllerArguments(options: UpOptions, dataDir: string): string[] {
  const args = ['--data-dir', dataDir, '--api-listen', options.apiListen, '--bus-listen', options.busListen];
  args.push('--metrics-listen', options.metricsListen, '--log-level', options.logLevel);
  if (options.podCidr !== undefined) args.push('--pod-cidr', options.podCidr);
  if (options.podSecurityExempt !== undefined) args.push('--pod-security-exempt', options.podSecurityExempt);
  if (options.auditLog !== undefined) args.push('--audit-log', options.auditLog);
  return args;
}

function agentArguments(options: UpOptions, dataDir: string): string[] {
  const sysctls = options.allowedUnsafeSysctls;
  return [
    '--data-dir',
    dataDir,
    '--node-name',
    options.nodeName,
    '--runtime',
    options.runtime,
    '--log-level',
    options.logLevel,
    ...(sysctls === undefined ? [] : ['--allowed-unsafe-sysctls', sysctls]),
  ];
}

/**
 * A fresh token tells the agent where the bus is now; a node that has joined before keeps its key, and its token is not
 * used up.
 */
async function joinEnvironment(client: ApiClient, dataDir: string): Promise<Record<string, string>> {
  const { token } = await client.call<{ token: string }>('POST', '/berth/v1/tokens', {
    body: { ttlMs: 600_000, uses: 1 },
  });
  return { BERTH_JOIN_TOKEN_FILE: writeJoinToken(join(dataDir, 'join-token'), token) };
}

async function waitUntilSchedulable(client: ApiClient, name: string, stopping: AbortSignal): Promise<void> {
  const deadline = performance.now() + readyTimeoutMs;
  let last = '';
  for (;;) {
    stopping.throwIfAborted();
    try {
      const node = await client.call<Stored<Node>>('GET', `/api/v1/nodes/${encodeURIComponent(name)}`);
      const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
      if (ready?.status === 'True') return;
      last = ready?.message ?? 'no Ready condition yet';
    } catch (error) {
      last = messageOf(error);
    }
    if (performance.now() > deadline) throw new Error(`node ${name} did not become ready: ${last}`);
    await new Promise((wake) => setTimeout(wake, 100));
  }
}
