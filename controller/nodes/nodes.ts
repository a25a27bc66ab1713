import type { Bus } from '../../shared/bus/bus.ts';
import {
  checkEvents,
  checkHeartbeat,
  checkLogs,
  checkSamples,
  checkStatus,
  checkSync,
} from '../../shared/bus/check-messages.ts';
import { checkRegister } from '../../shared/bus/check-node.ts';
import type { EventsRequest, LogsReply, LogsRequest, SamplesRequest } from '../../shared/bus/messages.ts';
import { nodeOfSubject, subjects, type UpVerb } from '../../shared/bus/subjects.ts';
import type { Clock } from '../../shared/clock.ts';
import { hasReason, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import type { Scope } from '../../shared/scope.ts';
import type { EventRecorder } from '../store/event-recorder.ts';
import type { Store } from '../store/store.ts';
import { Heartbeats } from './heartbeats.ts';
import type { JoinTokens } from './join-tokens.ts';
import { Joins } from './joins.ts';
import type { BusAuthority } from './jwt.ts';
import { NodeCalls } from './node-calls.ts';
import { PodOwners } from './pod-owners.ts';
import { PodTokenBook, type TokenIssuer } from './pod-token-book.ts';
import { Registration } from './registration.ts';
import { Sessions } from './sessions.ts';
import { PodStatuses } from './status.ts';

export interface NodesDeps {
  /** Questions and hints. */
  bus: Bus;
  /** Sessions of bytes and logs: a connection of its own, so that nothing else waits behind them. */
  data: Bus;
  store: Store;
  clock: Clock;
  log: Logger;
  events: Pick<EventRecorder, 'record'>;
  authority: BusAuthority;
  tokens: JoinTokens;
  /** For tokens of ServiceAccounts in pods. */
  issuer: TokenIssuer;
  /** Voids the bus credentials of this key: `NatsServer.revoke`. */
  revoke: (publicKey: string) => Promise<void>;
  settings: { podCidr: string; clusterId: string };
  /** Lines of pods of this node; batches of foreign pods have been taken out. */
  onLogs: (node: string, request: LogsRequest) => Promise<LogsReply>;
  onSamples: (node: string, request: SamplesRequest) => void;
}

const queue = 'controllers';
const component = 'berth-agent';
const maxComplaints = 1000;

/** The controller's side of all agents: hears them, tells them what to run, writes what they report. */
export class Nodes {
  readonly calls: NodeCalls;
  readonly #deps: NodesDeps;
  readonly #heartbeats: Heartbeats;
  readonly #owners: PodOwners;
  readonly #sessions: Sessions;
  readonly #statuses: PodStatuses;
  readonly #registration: Registration;
  readonly #joins: Joins;
  /** Who sent nonsense, so that it is said once. */
  readonly #complained = new Set<string>();

  constructor(deps: NodesDeps) {
    const { bus, data, store, clock, log, authority, tokens, issuer, revoke, settings } = deps;
    const { clusterId, podCidr: clusterCidr } = settings;
    this.#deps = deps;
    this.calls = new NodeCalls({ bus, data });
    this.#heartbeats = new Heartbeats(clock);
    this.#owners = new PodOwners(clock);
    const podTokens = new PodTokenBook({ store, clock, issuer });
    this.#sessions = new Sessions({ bus, store, owners: this.#owners, tokens: podTokens, clock, log });
    this.#statuses = new PodStatuses({ store, clock, log });
    this.#registration = new Registration({ store, clock, log, clusterCidr, clusterId });
    this.#joins = new Joins({ store, authority, tokens, revoke, clusterId, log });
  }

  /** When nodes were last heard; has the shape of NodeLiveness. */
  get liveness(): { lastSeen(node: string): number | undefined; onChange(listener: (node: string) => void): void } {
    return this.#heartbeats;
  }

  /** Serves until the scope closes. Call once. */
  run(scope: Scope): void {
    const { bus, log } = this.#deps;
    const version = this.#sessions.load();
    const report = (error: unknown): void => log.error('node sessions failed', { error });
    scope.spawn((signal) => this.#sessions.run(version, signal), report);
    scope.spawn(
      (signal) => this.#sessions.renewTokens(signal),
      () => undefined,
    );
    scope.spawn((signal) => this.#hear(signal), report);
    const { signal } = scope;
    bus.serve(subjects.join, (body) => this.#joins.join(body), { queue, signal });
    this.#serve('renew', signal, (node) => this.#joins.renew(node));
    this.#serve('register', signal, (node, body) => this.#registration.register(node, checkRegister(body)));
    this.#serve('sync', signal, async (node, body) => this.#sessions.sync(node, checkSync(body)));
    this.#serve('status', signal, (node, body) => this.#statuses.apply(node, checkStatus(body)));
    this.#serve('events', signal, async (node, body) => this.#recordEvents(node, checkEvents(body)));
    this.#serve('samples', signal, async (node, body) => this.#takeSamples(node, checkSamples(body)));
    this.#serve('logs', signal, (node, body) => this.#takeLogs(node, checkLogs(body)), this.#deps.data);
  }

  #serve(
    verb: UpVerb,
    signal: AbortSignal,
    handler: (node: string, body: unknown) => Promise<unknown>,
    bus = this.#deps.bus,
  ): void {
    const serve = async (body: unknown, subject: string): Promise<unknown> => {
      const node = nodeOfSubject(subject);
      try {
        return await handler(node, body);
      } catch (error) {
        if (hasReason(error, 'BadRequest')) this.#complain(node, verb, error.message);
        throw error;
      }
    };
    bus.serve(subjects.allUpCalls(verb), serve, { queue, signal });
  }

  async #hear(signal: AbortSignal): Promise<void> {
    const { bus, log } = this.#deps;
    for await (const message of bus.subscribe(subjects.allHeartbeats, signal)) {
      const node = nodeOfSubject(message.subject);
      try {
        const heartbeat = checkHeartbeat(message.json());
        this.#heartbeats.heard(node);
        this.#sessions.heard(node, heartbeat);
        this.#registration.heard(node).catch((error: unknown) => log.warn('node not restored', { node, error }));
      } catch (error) {
        this.#complain(node, 'heartbeat', messageOf(error));
      }
    }
  }

  #complain(node: string, verb: string, problem: string): void {
    const key = `${node} ${verb}`;
    if (this.#complained.has(key) || this.#complained.size >= maxComplaints) return;
    this.#complained.add(key);
    this.#deps.log.warn('node sends what makes no sense', { node, verb, problem });
  }

  async #recordEvents(node: string, { events }: EventsRequest): Promise<void> {
    for (const { involved, type, reason, message } of events) {
      const isOwn = involved.kind === 'Node' ? involved.name === node : this.#owners.maySpeakOf(node, involved.uid);
      if (!isOwn) continue;
      const namespace = involved.kind === 'Node' ? undefined : involved.namespace;
      const uid = involved.kind === 'Node' ? this.#uidOfNode(node) : involved.uid;
      const reference = { ...involved, apiVersion: 'v1', namespace, uid };
      this.#deps.events.record(reference, type, reason, message, component, node);
    }
  }

  #uidOfNode(node: string): string | undefined {
    return this.#deps.store.get<KubeObject>('nodes', '', node)?.metadata.uid;
  }

  async #takeSamples(node: string, samples: SamplesRequest): Promise<void> {
    const isLive = ({ uid }: { uid: string }): boolean => this.#owners.isLiveOn(node, uid);
    this.#deps.onSamples(node, {
      ...samples,
      containers: samples.containers.filter(isLive),
      pods: samples.pods.filter(isLive),
    });
  }

  /** Lines of foreign pods are thrown away, and acknowledged so that they do not come again. */
  async #takeLogs(node: string, { batches }: LogsRequest): Promise<LogsReply> {
    const isOwn = batches.map(({ uid }) => this.#owners.maySpeakOf(node, uid));
    const own = batches.filter((_batch, index) => isOwn[index]);
    const stored = own.length === 0 ? [] : (await this.#deps.onLogs(node, { batches: own })).next;
    let at = 0;
    return {
      next: batches.map(({ first, lines }, index) => {
        if (isOwn[index] !== true) return first + lines.length;
        at += 1;
        return stored[at - 1] ?? first;
      }),
    };
  }
}
