import { mkdir } from 'node:fs/promises';
import { hostname, totalmem } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import { ApiError } from '../shared/errors.ts';
import { jsonLogger, type Logger } from '../shared/log.ts';
import { milliOf, parseQuantity, unitsOf } from '../shared/objects/quantity.ts';
import { forgetProcess, recordProcess } from '../shared/process-records.ts';
import { runProgram, type Close } from '../shared/program.ts';
import { Scope } from '../shared/scope.ts';
import { readIfExists, writeAtomic } from './host/files.ts';
import { OciImageStore } from './images/oci-image-store.ts';
import { OverlaySnapshotter } from './images/overlay-snapshotter.ts';
import { readRegistries, registriesFile } from './images/registry-settings.ts';
import { ExecCalls } from './link/exec.ts';
import { joinCluster } from './link/join.ts';
import { BusControllerLink } from './link/link.ts';
import { serveCalls } from './link/serve-calls.ts';
import { LogRequests } from './logs/log-requests.ts';
import { NodeLogs } from './logs/node-logs.ts';
import { Sampler } from './metrics/sampler.ts';
import { BridgeNetwork } from './network/bridge-network.ts';
import { readAddresses, readCapacity } from './node/host-facts.ts';
import { AgentNode } from './node/node.ts';
import { agentPaths, type AgentPaths } from './paths.ts';
import { DesiredConfig } from './pods/desired-config.ts';
import { PodManager } from './pods/pod-manager.ts';
import { readHostDns } from './pods/host-dns.ts';
import type { NodeFacts } from './pods/pod-deps.ts';
import { NodeProber } from './probes/node-prober.ts';
import { OciDriver } from './runtime/oci/oci-driver.ts';
import { readSettings, type AgentSettings } from './settings.ts';
import { NodeVolumes } from './volumes/node-volumes.ts';

/** The agent: joins, makes its runtime and network, runs the pods it knows, with or without a controller. */
async function start(stopping: AbortSignal): Promise<Close> {
  const settings = readSettings(process.argv.slice(2));
  const { nodeName: name, dataDir } = settings;
  const log = jsonLogger(settings.logLevel, { program: 'agent', node: name });
  const clock = systemClock;
  const paths = agentPaths(dataDir, name);
  await mkdir(paths.data, { recursive: true, mode: 0o700 });
  const scope = new Scope('agent');
  const lifetime = scope.signal;
  stopping.addEventListener('abort', () => void scope.close(), { once: true });

  const identity = await joinCluster({
    token: settings.joinToken,
    node: name,
    directory: paths.data,
    clock,
    log,
    signal: lifetime,
  });
  recordProcess(dataDir, `agent-${name}`, process.pid);
  const [bus, data] = [identity.connect('control'), identity.connect('data')];
  scope.spawn(
    (signal) => identity.keepFresh(bus, signal),
    (error) => log.error('credentials are not renewed any more', { error }),
  );
  const pulse = identity.startPulse();
  const link = await BusControllerLink.open({ bus, data, pulse, node: name, paths, clock, log });
  link.run(scope.child('link'));

  const images = new OciImageStore({
    directory: paths.images,
    clock,
    log,
    registries: await readRegistries(registriesFile(dataDir)),
  });
  await images.open();
  let driver: OciDriver | undefined;
  const opened = (): OciDriver => {
    if (driver === undefined) throw new ApiError('ServiceUnavailable', 'it is being started');
    return driver;
  };
  const node = new AgentNode({
    name,
    link,
    driver: { version: () => opened().version(), listSandboxes: async () => opened().listSandboxes() },
    paths,
    settings,
    clock,
    log,
  });
  const podCIDR = await ensurePodCidr(paths, node, lifetime);
  const network = new BridgeNetwork({ paths, podCIDR, clock, log });
  const snapshotter = new OverlaySnapshotter({ paths, store: images, log });
  driver = new OciDriver({ paths, images, snapshotter, network, clock, log, chance: Math.random });
  await driver.open();

  const facts = await readFacts(settings, paths);
  const config = new DesiredConfig(link.desired);
  const logs: NodeLogs = new NodeLogs({
    driver,
    link,
    paths,
    clock,
    log,
    keptPods: () => (link.desired.isLoaded ? pods.pods() : undefined),
  });
  const pods: PodManager = new PodManager({
    driver,
    volumes: new NodeVolumes({ paths, config, allocatable: facts.allocatable }),
    prober: new NodeProber({ driver, clock }),
    link,
    logs,
    node: facts,
    paths,
    clock,
    log,
    hostDns: () => readHostDns(),
  });
  await pods.run(scope.child('pods'));
  await logs.run(scope.child('logs'));
  const sampler = new Sampler({ driver, link, paths, clock, log });
  scope.spawn(
    (signal) => sampler.run(signal),
    (error) => log.error('samples are not taken any more', { error }),
  );
  const requests = new LogRequests({ paths, clock, mayRun: (uid, container) => pods.mayRun(uid, container) });
  const execs = new ExecCalls(driver);
  const handlers = {
    logs: requests.serve.bind(requests),
    exec: execs.run.bind(execs),
  };
  serveCalls({ bus, data, node: name, handlers, log }, scope.child('calls'));
  introduce(node, podCIDR, paths, scope, log);
  node.run(scope.child('node'));
  log.info('agent is up', { podCIDR, pods: pods.count });
  process.send?.({ ready: { node: name } });

  return async () => {
    log.info('agent stops; containers run on');
    await scope.close();
    await opened().close();
    await images.close();
    await Promise.all([bus.close(), data.close(), pulse.close()]);
    forgetProcess(dataDir, `agent-${name}`);
  };
}

/** The node's pod network: what was kept, or what a controller gives the first time. */
async function ensurePodCidr(paths: AgentPaths, node: AgentNode, signal: AbortSignal): Promise<string> {
  const kept = await readIfExists(networkFile(paths));
  if (kept !== undefined) return kept.trim();
  const { podCIDR } = await node.register(signal);
  await writeAtomic(networkFile(paths), `${podCIDR}\n`);
  return podCIDR;
}

/** Tells a controller that the node is ready now. Another pod network than before is used from the next start on. */
function introduce(node: AgentNode, current: string, paths: AgentPaths, scope: Scope, log: Logger): void {
  scope.spawn(
    async (signal) => {
      const { podCIDR } = await node.register(signal);
      if (podCIDR === current) return;
      await writeAtomic(networkFile(paths), `${podCIDR}\n`);
      log.warn('the pod network has changed: start the agent again to use it', { current, podCIDR });
    },
    (error) => log.error('node could not be registered', { error }),
  );
}

function networkFile(paths: AgentPaths): string {
  return join(paths.data, 'pod-network');
}

async function readFacts({ nodeName, maxPods }: AgentSettings, paths: AgentPaths): Promise<NodeFacts> {
  const [{ allocatable }, addresses] = await Promise.all([readCapacity(paths.data, maxPods), readAddresses()]);
  const numbers = Object.entries(allocatable).map(([key, text]): [string, number] => {
    const quantity = parseQuantity(text);
    return [key, key === 'cpu' ? milliOf(quantity) : unitsOf(quantity)];
  });
  return {
    name: nodeName,
    hostname: hostname(),
    hostIP: addresses.find(({ type }) => type === 'InternalIP')?.address ?? '127.0.0.1',
    memoryBytes: totalmem(),
    allocatable: Object.fromEntries(numbers),
  };
}

await runProgram('agent', start);
