import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Registry } from 'prom-client';
import { NatsBus } from '../shared/bus/nats-bus.ts';
import { systemClock, type Clock } from '../shared/clock.ts';
import { messageOf } from '../shared/errors.ts';
import { jsonLogger, type Logger } from '../shared/log.ts';
import { apiServiceNames } from '../shared/objects/api-endpoint.ts';
import type { KubeObject } from '../shared/objects/types.ts';
import { forgetProcess, recordProcess } from '../shared/process-records.ts';
import { runProgram, type Close } from '../shared/program.ts';
import { Scope } from '../shared/scope.ts';
import type { Address } from '../shared/settings.ts';
import { localUrl, reachableAddress, reachableNames, reachableUrls } from './addresses.ts';
import { Authenticator } from './api/access/authenticator.ts';
import { Authorizer } from './api/access/authorizer.ts';
import { AccountTokens } from './api/access/tokens/account-tokens.ts';
import { openAudit } from './api/audit/audit-file.ts';
import { bootstrap, ensureBootstrap } from './api/bootstrap.ts';
import { ManagedStore } from './api/patch/managed-store.ts';
import { PodSecurity } from './api/pod-security/pod-security.ts';
import { ApiServer } from './api/server.ts';
import { ServiceAllocator } from './api/services/allocator.ts';
import { readBuildInfo } from './build-info.ts';
import { ensureAdmin, hashToken } from './certificates/admin.ts';
import { Pki } from './certificates/pki.ts';
import { ensureTokenKey } from './certificates/token-key.ts';
import type { HistoryStore } from './history/history-store.ts';
import { HistoryPodLogs } from './history/pod-logs.ts';
import { openSqliteHistory } from './history/sqlite-history.ts';
import { MetricsListener } from './metrics/listener.ts';
import { EventLoopDelay, processRegistry, showLife } from './metrics/process.ts';
import { Samples } from './metrics/samples.ts';
import { registerStateMetrics } from './metrics/state-metrics.ts';
import { UsageWindows } from './metrics/usage.ts';
import { JoinTokens } from './nodes/join-tokens.ts';
import { BusAuthority } from './nodes/jwt.ts';
import { NatsServer } from './nodes/nats-server.ts';
import { Nodes } from './nodes/nodes.ts';
import { startReconcilers } from './reconcile/start.ts';
import { WorkJournal } from './reconcile/work-journal.ts';
import { Scheduler } from './scheduler/scheduler.ts';
import { readSettings, type ControllerSettings } from './settings.ts';
import { openStore } from './store/cached-store.ts';
import { EventRecorder } from './store/event-recorder.ts';
import { keepEventsSwept } from './store/event-sweeper.ts';
import { openSqliteStore } from './store/sqlite-store.ts';
import type { Store } from './store/store.ts';
import { targetRoutes } from './target-routes.ts';
import { tokenRoutes } from './token-routes.ts';

const certificateCheckMs = 12 * 3_600_000;

/** What every part of the controller gets. */
interface Context {
  settings: ControllerSettings;
  /** Keys, state and history. */
  directory: string;
  pki: Pki;
  registry: Registry;
  delay: EventLoopDelay;
  clock: Clock;
  log: Logger;
  scope: Scope;
  /** How to end what has begun, the first first. */
  begun: Close[];
}

/** What is kept on disk. */
interface Storage {
  store: Store;
  history: HistoryStore;
  events: EventRecorder;
  podSecurity: PodSecurity;
}

/** The line to the agents, and who lives at its other end. */
interface Agents {
  nodes: Nodes;
  tokens: JoinTokens;
  /** What nodes and pods use, from what agents send. */
  usage: UsageWindows;
  accountTokens: AccountTokens;
  url: string;
}

/** The control plane: built bottom up, ended top down; what had begun ends too when the rest cannot be built. */
async function start(): Promise<Close> {
  const settings = readSettings(process.argv.slice(2));
  const log = jsonLogger(settings.logLevel, { program: 'controller' });
  const directory = join(settings.dataDir, 'controller');
  const pki = await Pki.open(join(directory, 'pki'), systemClock);
  const scope = new Scope('controller');
  const begun: Close[] = [];
  const registry = processRegistry();
  const delay = new EventLoopDelay(systemClock, registry);
  delay.run(scope, showLife);
  const context = { settings, directory, pki, registry, delay, clock: systemClock, log, scope, begun };
  const close = async (): Promise<void> => {
    for (const end of begun.toReversed()) await end();
  };

  try {
    const storage = await openStorage(context);
    const agents = await openAgents(context, storage);
    begun.push(() => scope.close());
    const front = await serve(context, storage, agents);
    decide(context, storage, agents, front.address);
    log.info('controller is up', { ...front.ready, bus: agents.url, version: storage.store.version });
    process.send?.({ ready: front.ready });
  } catch (error) {
    await close().catch((problem: unknown) => log.error('cannot end what had begun', { problem: messageOf(problem) }));
    throw error;
  }
  return async () => {
    log.info('controller stops');
    await close();
  };
}

/** The state file is locked to one process: a second controller on the same data directory ends here. */
async function openStorage({ settings, directory, registry, clock, log, scope, begun }: Context): Promise<Storage> {
  const state = await openSqliteStore(join(directory, 'state.db'));
  recordProcess(settings.dataDir, 'controller', process.pid);
  const store = await openStore(state, clock);
  await ensureBootstrap(store);
  registerStateMetrics(store, registry);
  const history = await openSqliteHistory(join(directory, 'history.db'), clock);
  const events = new EventRecorder({ store, clock, log });
  scope.spawn(
    (signal) => keepEventsSwept({ store, clock, log }, signal),
    (error) => log.error('events are not swept any more', { error }),
  );
  begun.push(async () => {
    await events.settled();
    await Promise.all([state.close(), history.close()]);
    forgetProcess(settings.dataDir, 'controller');
  });
  const podSecurity = new PodSecurity({ store, log, registry, exemptions: settings.podSecurityExempt });
  return { store, history, events, podSecurity };
}

async function openAgents(context: Context, { store, history, events }: Storage): Promise<Agents> {
  const { settings, directory, pki, registry, clock, log, scope, begun } = context;
  const authority = await BusAuthority.open(join(directory, 'bus'), clock);
  const server = await startBusServer(authority, context);
  begun.push(() => server.stop());
  const [bus, data] = await Promise.all([
    connectBus(server, authority, context),
    connectBus(server, authority, context),
  ]);
  begun.push(async () => void (await Promise.all([bus.close(), data.close()])));
  renewBusCertificate(server, context);
  const urls = reachableUrls('tls', settings.busListen);
  const revoke = (publicKey: string): Promise<void> => server.revoke(publicKey);
  const tokens = new JoinTokens({ store, authority, clock, revoke, bus: { urls, ca: pki.authority } });
  const accountTokens = new AccountTokens({ store, clock, key: await ensureTokenKey(pki.directory) });
  const samples = new Samples(clock, registry);
  const usage = new UsageWindows(clock);
  const nodes = new Nodes({
    bus,
    data,
    store: new ManagedStore(store, 'kubelet', clock),
    clock,
    log,
    events,
    authority,
    tokens,
    issuer: accountTokens,
    revoke,
    settings: { podCidr: settings.podCidr, clusterId: clusterIdOf(store) },
    podRecords: history,
    onLogs: async (node, { batches }) => ({ next: await history.appendLogs(node, batches) }),
    onSamples: (node, request) => {
      samples.ingest(node, request);
      usage.ingest(node, request);
    },
  });
  nodes.run(scope.child('nodes'));
  return { nodes, tokens, usage, accountTokens, url: server.url };
}

/** Everything that brings what is observed to what is desired. */
function decide(
  { settings, directory, clock, log, registry, scope, pki }: Context,
  { store, events, podSecurity }: Storage,
  { nodes, accountTokens }: Agents,
  address: Address,
): void {
  const issueLasting: AccountTokens['issueLasting'] = (order) => accountTokens.issueLasting(order);
  const api = { address: reachableAddress(address), port: address.port, authority: pki.authority, issueLasting };
  const journal = new WorkJournal(join(directory, 'work.journal'), clock, settings.wasStuck);
  const deps = { clock, log, events, random: Math.random, registry, journal, liveness: nodes.liveness, api };
  const storeOf = (manager: string): Store =>
    new ManagedStore(store, manager, clock, podSecurity.admitFor(`system:${manager}`));
  startReconcilers({ ...deps, bootstrap, store: storeOf('kube-controller-manager') }, scope.child('reconcilers'));
  new Scheduler({ ...deps, store: storeOf('kube-scheduler') }).run(scope.child('scheduler'));
}

/** The API and the metrics; the kubeconfig names the port that was got. */
async function serve(
  { settings, pki, registry, delay, clock, log, begun }: Context,
  { store, history, podSecurity }: Storage,
  { nodes, tokens, usage, accountTokens }: Agents,
): Promise<{ ready: { api: string; metrics: string }; address: Address }> {
  const kubeconfig = join(settings.dataDir, 'admin.kubeconfig');
  const admins = await ensureAdmin(pki, kubeconfig, localUrl('https', settings.apiListen));
  const authorizer = new Authorizer(store);
  const audit = await openAudit(settings.auditLog, { registry, clock, log });
  const api = new ApiServer({
    store,
    clock,
    log,
    registry,
    tls: () => pki.serverIdentity('api-server', [...reachableNames(settings.apiListen), ...apiServiceNames]),
    authenticator: new Authenticator(admins, accountTokens),
    accountTokens,
    authorizer,
    services: new ServiceAllocator(store, Math.random),
    podSecurity,
    random: Math.random,
    podLogs: new HistoryPodLogs({ store, history, nodes: nodes.calls }),
    podExec: nodes.calls,
    usage,
    build: readBuildInfo(import.meta.dirname),
    delayMs: () => delay.worstMs,
    ...(audit && { audit }),
    routes: [...tokenRoutes(tokens), ...targetRoutes(store, authorizer)],
  });
  const isAllowed = (token: string): boolean => admins.some(({ sha256 }) => sha256 === hashToken(token));
  const metrics = new MetricsListener({ registry, log, isAllowed });
  begun.push(async () => audit?.close()); // ends after the API, whose last answers it has
  begun.push(async () => void (await Promise.all([api.close(), metrics.close()])));
  const address = await api.listen(settings.apiListen.host, settings.apiListen.port);
  const apiUrl = localUrl('https', address);
  const metricsUrl = `${localUrl('http', await metrics.listen(settings.metricsListen))}/metrics`;
  await ensureAdmin(pki, kubeconfig, apiUrl);
  return { ready: { api: apiUrl, metrics: metricsUrl }, address };
}

async function startBusServer(
  authority: BusAuthority,
  { settings, pki, directory, log }: Context,
): Promise<NatsServer> {
  await pki.serverIdentity('bus', reachableNames(settings.busListen));
  const file = (name: string): string => join(pki.directory, name);
  const server = new NatsServer({
    directory: join(directory, 'bus'),
    listen: settings.busListen,
    tls: { certFile: file('bus.crt'), keyFile: file('bus.key'), caFile: file('ca.crt') },
    authority,
    clock: systemClock,
    log,
    // Recorded, since it outlives a controller that crashed.
    onProcess: (pid) => {
      if (pid === undefined) forgetProcess(settings.dataDir, 'nats-server');
      else recordProcess(settings.dataDir, 'nats-server', pid);
    },
  });
  await server.start();
  return server;
}

async function connectBus(server: NatsServer, authority: BusAuthority, { pki, log }: Context): Promise<NatsBus> {
  const { jwt, seed } = await authority.controllerCredentials();
  const bus = new NatsBus({
    name: 'controller',
    servers: [server.url],
    ca: pki.authority,
    credentials: { jwt: () => jwt, seed },
    inboxPrefix: `_INBOX_controller_${randomBytes(8).toString('hex')}`,
    log,
  });
  await bus.ready();
  return bus;
}

/** Twice a day; a failure is tried again the next time, a third of the certificate's life before it ends. */
function renewBusCertificate(server: NatsServer, { settings, pki, clock, log, scope }: Context): void {
  const renew = async (): Promise<void> => {
    await pki.serverIdentity('bus', reachableNames(settings.busListen));
    await server.reload();
  };
  scope.spawn(
    async (signal) => {
      for (;;) {
        await clock.sleep(certificateCheckMs, signal);
        await renew().catch((error: unknown) => log.error('the bus certificate was not renewed', { error }));
      }
    },
    () => undefined,
  );
}

/** The cluster's name for machines: the uid of a namespace that is made once and stays. */
function clusterIdOf(store: Store): string {
  return store.get<KubeObject>('namespaces', '', 'kube-system')?.metadata.uid ?? '';
}

await runProgram('controller', 0o077, start);
