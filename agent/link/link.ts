import { backoffMs } from '../../shared/backoff.ts';
import type { Bus } from '../../shared/bus/bus.ts';
import { checkRegisterReply, checkStatusReply } from '../../shared/bus/check-desired.ts';
import type {
  EventReport,
  Heartbeat,
  LogBatch,
  LogsReply,
  PodReport,
  RegisterReply,
  RegisterRequest,
  SamplesRequest,
} from '../../shared/bus/messages.ts';
import { subjects } from '../../shared/bus/subjects.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { Scope } from '../../shared/scope.ts';
import type { ControllerLink, DesiredSet } from '../controller-link.ts';
import type { AgentPaths } from '../paths.ts';
import { DesiredFiles } from './desired-files.ts';
import { KeptDesiredSet } from './desired-set.ts';
import { DesiredSync } from './desired-sync.ts';
import { Outbox } from './outbox.ts';

export interface LinkDeps {
  /** Questions, heartbeats, status. */
  bus: Bus;
  /** Logs: another connection, so that heartbeats do not wait behind them. */
  data: Bus;
  node: string;
  paths: Pick<AgentPaths, 'state' | 'run'>;
  clock: Clock;
  log: Logger;
}

const maxEvents = 1000;
const logTimeoutMs = 30_000;

/** The agent's side of the session, over the bus. Works without it too: reads what was kept, keeps what is reported. */
export class BusControllerLink implements ControllerLink {
  readonly #deps: LinkDeps;
  readonly #desired: KeptDesiredSet;
  readonly #sync: DesiredSync;
  readonly #statuses: Outbox<PodReport>;
  readonly #events: Outbox<EventReport>;
  /** The newest report of each pod, to be said again to another controller. */
  readonly #latest = new Map<string, PodReport>();
  #eventSerial = 0;
  #registered: RegisterRequest | undefined;
  #scope: Scope | undefined;

  private constructor(deps: LinkDeps) {
    const { bus, node, paths, clock, log } = deps;
    this.#deps = deps;
    this.#desired = new KeptDesiredSet(new DesiredFiles(paths, log), log, ({ metadata }) =>
      this.#forget(metadata.uid ?? ''),
    );
    this.#sync = new DesiredSync({
      bus,
      node,
      target: this.#desired,
      onNewEpoch: () => this.#introduceAgain(),
      clock,
      log,
    });
    this.#statuses = new Outbox({
      what: 'status',
      send: (batch, signal) => this.#sendStatuses(batch, signal),
      clock,
      log,
    });
    this.#events = new Outbox({
      what: 'event',
      send: (events, signal) => bus.request(subjects.upCall(node, 'events'), { events }, { signal }),
      clock,
      log,
    });
  }

  /** Reads what an earlier process kept. Needs no controller. */
  static async open(deps: LinkDeps): Promise<BusControllerLink> {
    const link = new BusControllerLink(deps);
    await link.#desired.load();
    return link;
  }

  /** Listens and sends until the scope closes. Call once. */
  run(scope: Scope): void {
    const { log } = this.#deps;
    this.#scope = scope;
    this.#sync.run(scope);
    const report = (error: unknown): void => log.error('link failed', { error });
    scope.spawn((signal) => this.#statuses.run(signal), report);
    scope.spawn((signal) => this.#events.run(signal), report);
  }

  get desired(): DesiredSet {
    return this.#desired;
  }

  get isConnected(): boolean {
    return this.#deps.bus.isConnected;
  }

  async register(request: RegisterRequest, signal: AbortSignal): Promise<RegisterReply> {
    const { bus, node, clock, log } = this.#deps;
    this.#registered = request;
    for (let failures = 0; ;) {
      try {
        return checkRegisterReply(await bus.request(subjects.upCall(node, 'register'), request, { signal }));
      } catch (error) {
        signal.throwIfAborted();
        failures += 1;
        if (failures === 1) log.warn('node is not registered yet', { problem: messageOf(error) });
        await clock.sleep(backoffMs(failures, { initialMs: 200, maxMs: 5000 }), signal);
      }
    }
  }

  /** One sign of life; says how far the desired set has come. */
  heartbeat(): void {
    const heartbeat: Heartbeat = {
      epoch: this.#sync.epoch,
      counter: this.#sync.counter,
      pods: this.#desired.list('pods/').length,
    };
    this.#deps.bus.publish(subjects.heartbeat(this.#deps.node), heartbeat);
  }

  report(report: PodReport): void {
    this.#latest.set(report.uid, report);
    this.#statuses.put(report.uid, report);
  }

  event(event: EventReport): void {
    if (this.#events.size >= maxEvents) this.#events.dropOldest();
    this.#eventSerial += 1;
    this.#events.put(String(this.#eventSerial), event);
  }

  async sendLogs(batches: LogBatch[], signal: AbortSignal): Promise<number[]> {
    const { data, node } = this.#deps;
    const options = { timeoutMs: logTimeoutMs, signal };
    const { next } = await data.request<LogsReply>(subjects.upCall(node, 'logs'), { batches }, options);
    return next;
  }

  sendSamples(samples: SamplesRequest): void {
    this.#deps.bus.publish(subjects.upCall(this.#deps.node, 'samples'), samples);
  }

  async #sendStatuses(pods: PodReport[], signal: AbortSignal): Promise<void> {
    const { bus, node } = this.#deps;
    const reply = await bus.request(subjects.upCall(node, 'status'), { pods }, { signal });
    const { unknown } = checkStatusReply(reply);
    const wanted = this.#wantedUids();
    for (const { uid } of pods) if (!wanted.has(uid)) this.#latest.delete(uid);
    // A pod that is gone there and wanted here: a change was missed.
    if (unknown.some((uid) => wanted.has(uid))) this.#sync.resync();
  }

  /** Another controller may not have heard what was acknowledged by the last one. */
  #introduceAgain(): void {
    const wanted = this.#wantedUids();
    for (const [uid, report] of this.#latest) {
      if (wanted.has(uid)) this.#statuses.put(uid, report);
    }
    const request = this.#registered;
    if (request === undefined) return;
    this.#scope?.spawn(
      async (signal) => {
        await this.register(request, signal);
      },
      (error) => this.#deps.log.error('registration failed', { error }),
    );
  }

  /** What still waits is sent before it is forgotten. */
  #forget(uid: string): void {
    if (!this.#statuses.has(uid)) this.#latest.delete(uid);
  }

  #wantedUids(): Set<string> {
    return new Set(this.#desired.list('pods/').flatMap(({ metadata }) => metadata.uid ?? []));
  }
}
