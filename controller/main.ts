import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { NatsBus } from '../shared/bus/nats-bus.ts';
import { systemClock } from '../shared/clock.ts';
import { jsonLogger, type Logger } from '../shared/log.ts';
import type { KubeObject } from '../shared/objects/types.ts';
import { forgetProcess, recordProcess } from '../shared/process-records.ts';
import { runProgram } from '../shared/program.ts';
import { Scope } from '../shared/scope.ts';
import { localUrl, reachableNames, reachableUrls } from './addresses.ts';
import { Authenticator } from './api/authentication.ts';
import { ensureBootstrap } from './api/bootstrap.ts';
import { ApiServer } from './api/server.ts';
import { ensureAdmin, hashToken } from './certificates/admin.ts';
import { Pki } from './certificates/pki.ts';
import { HistoryPodLogs } from './history/pod-logs.ts';
import { openSqliteHistory } from './history/sqlite-history.ts';
import { MetricsListener } from './metrics/listener.ts';
import { Samples } from './metrics/samples.ts';
import { registerStateMetrics } from './metrics/state-metrics.ts';
import { JoinTokens } from './nodes/join-tokens.ts';
import { BusAuthority } from './nodes/jwt.ts';
import { NatsServer } from './nodes/nats-server.ts';
import { Nodes } from './nodes/nodes.ts';
import { startReconcilers } from './reconcile/start.ts';
import { Scheduler } from './scheduler/scheduler.ts';
import { readSettings, type ControllerSettings } from './settings.ts';
import { openStore } from './store/cached-store.ts';
import { EventRecorder } from './store/event-recorder.ts';
import { keepEventsSwept } from './store/event-sweeper.ts';
import { openSqliteStore } from './store/sqlite-store.ts';
import type { Store } from './store/store.ts';
import { tokenRoutes } from './token-routes.ts';

const certificateCheckMs = 12 * 3_600_000;

/** The control plane: built bottom up, ended top down. */
async function start(stopping: AbortSignal): Promise<() => Promise<void>> {
  const settings = readSettings(process.argv.slice(2));
  const log = jsonLogger(settings.logLevel, { program: 'controller' });
  const clock = systemClock;
  const registry = processRegistry();
  const scope = new Scope('controller');
  const directory = join(settings.dataDir, 'controller');
  const pki = await Pki.open(join(directory, 'pki'), clock);
  const state = await openSqliteStore(join(directory, 'state.db'));
  recordProcess(settings.dataDir, 'controller', process.pid);
  const store = await openStore(state, clock);
  await ensureBootstrap(store);
  const history = await openSqliteHistory(join(directory, 'history.db'), clock);
  const events = new EventRecorder({ store, clock, log });
  scope.spawn(
    (signal) => keepEventsSwept({ store, clock, log }, signal),
    (error) => log.error('events are not swept any more', { error }),
  );

  const busDeps = { settings, pki, directory, log };
  const authority = await BusAuthority.open(join(directory, 'bus'), clock);
  const server = await startBusServer(authority, busDeps);
  const [bus, data] = await Promise.all([
    connectBus(server, authority, busDeps),
    connectBus(server, authority, busDeps),
  ]);
  const busUrls = reachableUrls('tls', settings.busListen);
  const tokens = new JoinTokens({ store, authority, clock, bus: { urls: busUrls, ca: pki.authority } });
  const samples = new Samples(clock, registry);
  registerStateMetrics(store, registry);
  const nodes = new Nodes({
    bus,
    data,
    store,
    clock,
    log,
    events,
    authority,
    tokens,
    revoke: (publicKey) => server.revoke(publicKey),
    settings: { podCidr: settings.podCidr, clusterId: clusterIdOf(store) },
    onLogs: async (node, { batches }) => ({ next: await history.appendLogs(node, batches) }),
    onSamples: (node, request) => samples.ingest(node, request),
  });
  nodes.run(scope.child('nodes'));
  const reconcileDeps = { store, clock, log, events, random: Math.random, registry, liveness: nodes.liveness };
  startReconcilers(reconcileDeps, scope.child('reconcilers'));
  new Scheduler(reconcileDeps).run(scope.child('scheduler'));

  const kubeconfig = join(settings.dataDir, 'admin.kubeconfig');
  const admins = await ensureAdmin(pki, kubeconfig, localUrl('https', settings.apiListen));
  const api = new ApiServer({
    store,
    clock,
    log,
    registry,
    tls: () => pki.serverIdentity('api-server', reachableNames(settings.apiListen)),
    authenticator: new Authenticator(admins),
    podLogs: new HistoryPodLogs({ store, history, nodes: nodes.calls }),
    podExec: nodes.calls,
    routes: tokenRoutes(tokens),
  });
  const metrics = new MetricsListener({
    registry,
    log,
    isAllowed: (token) => admins.some(({ sha256 }) => sha256 === hashToken(token)),
  });
  const apiAddress = await api.listen(settings.apiListen.host, settings.apiListen.port);
  const metricsAddress = await metrics.listen(settings.metricsListen);
  const apiUrl = localUrl('https', apiAddress);
  await ensureAdmin(pki, kubeconfig, apiUrl);
  renewBusCertificate(server, busDeps, scope);
  log.info('controller is up', { api: apiUrl, bus: server.url, version: store.version });
  const ready = { api: apiUrl, metrics: `${localUrl('http', metricsAddress)}/metrics` };
  process.send?.({ ready });

  return async () => {
    log.info('controller stops', { reason: stopping.aborted ? 'it was told to' : 'it failed' });
    await api.close();
    await metrics.close();
    await scope.close();
    await Promise.all([bus.close(), data.close()]);
    await server.stop();
    await events.settled();
    await Promise.all([state.close(), history.close()]);
    forgetProcess(settings.dataDir, 'controller');
  };
}

interface BusDeps {
  settings: ControllerSettings;
  pki: Pki;
  directory: string;
  log: Logger;
}

async function startBusServer(
  authority: BusAuthority,
  { settings, pki, directory, log }: BusDeps,
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

async function connectBus(server: NatsServer, authority: BusAuthority, { pki, log }: BusDeps): Promise<NatsBus> {
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

function renewBusCertificate(server: NatsServer, { settings, pki, log }: BusDeps, scope: Scope): void {
  scope.spawn(
    async (signal) => {
      for (;;) {
        await systemClock.sleep(certificateCheckMs, signal);
        const { certificate } = await pki.serverIdentity('bus', reachableNames(settings.busListen));
        await server.reload();
        log.debug('bus certificate checked', { bytes: certificate.length });
      }
    },
    (error) => log.error('the bus certificate is not renewed any more', { error }),
  );
}

/** The process's own numbers, without the gauges that have the name of a counter. */
function processRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const what of ['handles', 'requests', 'resources']) registry.removeSingleMetric(`nodejs_active_${what}_total`);
  return registry;
}

/** The cluster's name for machines: the uid of a namespace that is made once and stays. */
function clusterIdOf(store: Store): string {
  const system = store.get<KubeObject>('namespaces', '', 'kube-system');
  return system?.metadata.uid ?? '';
}

await runProgram('controller', start);
