import { rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { hostname, totalmem } from 'node:os';
import type { NatsBus } from '../shared/bus/nats-bus.ts';
import { systemClock, type Clock } from '../shared/clock.ts';
import { DiskReserve } from '../shared/disk-reserve.ts';
import { ApiError } from '../shared/errors.ts';
import { jsonLogger, type Logger } from '../shared/log.ts';
import { milliOf, parseQuantity, unitsOf } from '../shared/objects/quantity.ts';
import { claimProcess, forgetProcess } from '../shared/process-records.ts';
import { runProgram, type Close } from '../shared/program.ts';
import { Scope } from '../shared/scope.ts';
import { treeBytes } from './host/tree-size.ts';
import { OciImageStore } from './images/oci-image-store.ts';
import { OverlaySnapshotter } from './images/overlay-snapshotter.ts';
import { readRegistries, registriesFile } from './images/registry-settings.ts';
import { ExecCalls } from './link/exec.ts';
import { ForwardCalls } from './link/forward.ts';
import { joinCluster } from './link/join.ts';
import { BusControllerLink } from './link/link.ts';
import { serveCalls } from './link/serve-calls.ts';
import { LogRequests } from './logs/log-requests.ts';
import { NodeLogs } from './logs/node-logs.ts';
import { Sampler } from './metrics/sampler.ts';
import { BridgeNetwork } from './network/bridge-network.ts';
import { ApiRoute } from './node/api-route.ts';
import { readAddresses, readCapacity } from './node/host-facts.ts';
import { limitsConditions, sendersConditions } from './node/limits-condition.ts';
import { AgentNode } from './node/node.ts';
import { keepPodNetwork, readPodNetwork } from './node/pod-network.ts';
import { agentPaths, type AgentPaths } from './paths.ts';
import { DesiredConfig } from './pods/desired-config.ts';
import { PodManager } from './pods/pod-manager.ts';
import { readHostDns } from './pods/host-dns.ts';
import type { NodeFacts } from './pods/pod-deps.ts';
import { NodeProber } from './probes/node-prober.ts';
import type { PodIdentity } from './runtime/driver.ts';
import { OciDriver } from './runtime/oci/oci-driver.ts';
import { readSettings, type AgentSettings } from './settings.ts';
import { SettingsError } from '../shared/settings.ts';
import { NodeVolumes } from './volumes/node-volumes.ts';

/** With less of the disk free no reserve is taken of it. */
const reservePlentyBytes = 64 * 1024 * 1024;
const reserveCheckMs = 10_000;

/** What every part of the agent gets. */
interface Context {
  settings: AgentSettings;
  paths: AgentPaths;
  clock: Clock;
  log: Logger;
  scope: Scope;
}

/** The line to the controllers. */
interface Line {
  bus: NatsBus;
  data: NatsBus;
  link: BusControllerLink;
  api: ApiRoute;
}

/** What runs containers, and how the node speaks of itself. */
interface Runtime {
  images: OciImageStore;
  driver: OciDriver;
  node: AgentNode;
  podCIDR: string;
}

/** The agent: joins, makes its runtime and network, runs the pods it knows, with or without a controller. */
async function start(stopping: AbortSignal): Promise<Close> {
  const settings = readSettings(process.argv.slice(2));
  const { nodeName: name, dataDir } = settings;
  const log = jsonLogger(settings.logLevel, { program: 'agent', node: name });
  const paths = agentPaths(dataDir, name);
  await mkdir(paths.data, { recursive: true, mode: 0o700 });
  const scope = new Scope('agent');
  stopping.addEventListener('abort', () => void scope.close(), { once: true });
  const context = { settings, paths, clock: systemClock, log, scope };

  const line = await connect(context);
  const runtime = await openRuntime(context, line);
  const pods = await runPods(context, line, runtime);
  introduce(runtime, context);
  runtime.node.run(scope.child('node'));
  log.info('agent is up', { podCIDR: runtime.podCIDR, pods: pods.count });
  process.send?.({ ready: { node: name } });

  return async () => {
    log.info('agent stops; containers run on');
    await scope.close();
    await runtime.driver.close();
    await runtime.images.close();
    await Promise.all([line.bus.close(), line.data.close()]);
    forgetProcess(dataDir, `agent-${name}`);
  };
}

async function connect({ settings, paths, clock, log, scope }: Context): Promise<Line> {
  const { nodeName: node, joinToken: token, joinTokenFile, dataDir } = settings;
  const running = claimProcess(dataDir, `agent-${node}`);
  if (running !== undefined) {
    throw new SettingsError('node-name', `the agent of ${node} already runs on ${dataDir} (process ${running.pid})`);
  }
  const joining = joinCluster({ token, node, directory: paths.data, clock, log, signal: scope.signal });
  const identity = await joining.finally(() => {
    if (joinTokenFile !== undefined) rmSync(joinTokenFile, { force: true });
  });
  const [bus, data] = [identity.connect('control'), identity.connect('data')];
  scope.spawn(
    (signal) => identity.keepFresh(bus, signal),
    (error) => log.error('credentials are not renewed any more', { error }),
  );
  const link = await BusControllerLink.open({ bus, data, node, paths, clock, log });
  link.run(scope.child('link'));
  const api = new ApiRoute({ desired: link.desired, busUrls: identity.credentials.urls });
  return { bus, data, link, api };
}

/** The first time the node introduces itself before its runtime is open, since a controller gives it its pod network. */
async function openRuntime(context: Context, { link, api }: Line): Promise<Runtime> {
  const { settings, paths, clock, log } = context;
  const registries = await readRegistries(registriesFile(settings.dataDir));
  const images = new OciImageStore({ directory: paths.images, clock, log, registries });
  await images.open();
  let opened: OciDriver | undefined;
  let network: BridgeNetwork | undefined = undefined;
  const runtime = (): OciDriver => {
    if (opened === undefined) throw new ApiError('ServiceUnavailable', 'it is being started');
    return opened;
  };
  const node = new AgentNode({
    name: settings.nodeName,
    link,
    driver: { version: () => runtime().version(), listSandboxes: async () => runtime().listSandboxes() },
    paths,
    settings,
    otherConditions: () => [
      ...limitsConditions(opened?.missingControllers() ?? []),
      ...sendersConditions(network?.guardProblem),
    ],
    clock,
    log,
  });
  const podCIDR = await ensurePodCidr(context, node);
  network = new BridgeNetwork({ paths, podCIDR, api: api.current(), clock, log });
  const snapshotter = new OverlaySnapshotter({ paths, store: images, log });
  const driver = new OciDriver({ paths, images, snapshotter, network, clock, log, chance: Math.random });
  await driver.open();
  opened = driver;
  leadToApi(network, api, context);
  return { images, driver, node, podCIDR };
}

/** Keeps the way from pods to the API as the controller says. */
function leadToApi(network: BridgeNetwork, api: ApiRoute, { log }: Context): void {
  api.onChange(() => {
    network.leadToApi(api.current()).catch((error: unknown) => log.error('pods do not reach the API', { error }));
  });
}

/** Pods, their logs and samples, and what controllers ask about them. */
async function runPods(context: Context, line: Line, { driver }: Runtime): Promise<PodManager> {
  const { settings, paths, clock, log, scope } = context;
  const { bus, data, link, api } = line;
  const facts = await readFacts(settings, paths);
  const config = new DesiredConfig(link.desired);
  const keptPods = (): PodIdentity[] | undefined => (link.desired.isLoaded ? pods.pods() : undefined);
  const logs = new NodeLogs({ driver, link, paths, clock, log, keptPods });
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
    api: () => api.current(),
    allowedUnsafeSysctls: settings.allowedUnsafeSysctls,
    hostDns: () => readHostDns(),
    reserve: holdReserve(context),
    measureTree: (path, stopAtBytes, signal) => measureTree(path, stopAtBytes, clock, signal),
  });
  await pods.run(scope.child('pods'));
  await logs.run(scope.child('logs'));
  const sampler = new Sampler({ driver, link, paths, clock, log });
  scope.spawn(
    (signal) => sampler.run(signal),
    (error) => log.error('samples are not taken any more', { error }),
  );
  const requests = new LogRequests({ paths, clock, mayRun: pods.mayRun.bind(pods) });
  const execs = new ExecCalls(driver);
  const forwards = new ForwardCalls(driver);
  const handlers = {
    logs: requests.serve.bind(requests),
    exec: execs.run.bind(execs),
    attach: execs.attach.bind(execs),
    forward: forwards.run.bind(forwards),
  };
  serveCalls({ bus, data, node: settings.nodeName, handlers, log }, scope.child('calls'));
  return pods;
}

/** Taken again as soon as there is room. */
function holdReserve({ paths, clock, log, scope }: Context): DiskReserve {
  const reserve = new DiskReserve(paths.reserve, reservePlentyBytes);
  scope.spawn(
    async (signal) => {
      for (;;) {
        reserve.take();
        await clock.sleep(reserveCheckMs, signal);
      }
    },
    (error) => log.error('no reserve is held of the disk any more', { error }),
  );
  return reserve;
}

/** At a fifth of a core at most. */
async function measureTree(path: string, stopAtBytes: number, clock: Clock, signal: AbortSignal): Promise<number> {
  let since = clock.monotonic();
  const pause = async (): Promise<void> => {
    await clock.sleep(4 * (clock.monotonic() - since), signal);
    since = clock.monotonic();
  };
  return treeBytes(path, { stopAtBytes, pause });
}

/** The node's pod network: what was kept, or what a controller gives the first time. */
async function ensurePodCidr({ paths, scope, log }: Context, node: AgentNode): Promise<string> {
  const kept = await readPodNetwork(paths, log);
  if (kept !== undefined) return kept;
  const { podCIDR } = await node.register(scope.signal);
  await keepPodNetwork(paths, podCIDR);
  return podCIDR;
}

/** Tells a controller that the node is ready now. Another pod network than before is used from the next start on. */
function introduce({ node, podCIDR: current }: Runtime, { paths, scope, log }: Context): void {
  scope.spawn(
    async (signal) => {
      const { podCIDR } = await node.register(signal);
      if (podCIDR === current) return;
      await keepPodNetwork(paths, podCIDR);
      log.warn('the pod network has changed: start the agent again to use it', { current, podCIDR });
    },
    (error) => log.error('node could not be registered', { error }),
  );
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

await runProgram('agent', 0o022, start);
