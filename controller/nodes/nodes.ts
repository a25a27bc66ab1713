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
import type {
  EventReport,
  EventsRequest,
  LogsReply,
  LogsRequest,
  RegisterReply,
  SamplesRequest,
} from '../../shared/bus/messages.ts';
import {
  inboxPrefix,
  joinInboxPrefix,
  joinTokenOfSubject,
  nodeOfSubject,
  subjects,
  type UpVerb,
} from '../../shared/bus/subjects.ts';
import type { Clock } from '../../shared/clock.ts';
import { hasReason, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { KubeObject, ObjectReference, PodRecord } from '../../shared/objects/types.ts';
import type { Scope } from '../../shared/scope.ts';
import { WorkQueue } from '../../shared/workqueue.ts';
import type { EventRecorder } from '../store/event-recorder.ts';
import { startFollowing } from '../store/follow.ts';
import type { Change, Store } from '../store/store.ts';
import { Heartbeats } from './heartbeats.ts';
import type { JoinTokens } from './join-tokens.ts';
import { Joins } from './joins.ts';
import type { BusAuthority } from './jwt.ts';
import { NodeCalls } from './node-calls.ts';
import { PodOwners, type PodRecords } from './pod-owners.ts';
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
  /** Which node ran which pod, over restarts. */
  podRecords: PodRecords;
  /** Lines of pods of this node, under the names that the controller knows; what else was sent has been taken out. */
  onLogs: (node: string, request: LogsRequest) => Promise<LogsReply>;
  onSamples: (node: string, request: SamplesRequest) => void;
}

const queue = 'controllers';
const component = 'berth-agent';
const maxComplaints = 1000;
const lockOutAgainMs = 30_000;

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
    this.#owners = new PodOwners(deps.podRecords, log);
    const podTokens = new PodTokenBook({ store, clock, issuer });
    this.#sessions = new Sessions({ bus, store, owners: this.#owners, tokens: podTokens, clock, log });
    this.#statuses = new PodStatuses({ store, owners: this.#owners, clock, log });
    this.#registration = new Registration({ store, clock, log, events: deps.events, clusterCidr, clusterId });
    this.#joins = new Joins({ store, authority, tokens, revoke, clusterId, clock, log });
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
    this.#lockOut(scope.child('lock-out'));
    const { signal } = scope;
    const inboxOf = (subject: string): string => joinInboxPrefix(joinTokenOfSubject(subject));
    bus.serve(subjects.allJoins, (body, subject) => this.#joins.join(joinTokenOfSubject(subject), body), {
      queue,
      inboxOf,
      signal,
    });
    this.#serve('renew', signal, (node) => this.#joins.renew(node));
    this.#serve('register', signal, (node, body) => this.#register(node, body));
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
    const inboxOf = (subject: string): string => inboxPrefix(nodeOfSubject(subject));
    bus.serve(subjects.allUpCalls(verb), serve, { queue, inboxOf, signal });
  }

  async #register(node: string, body: unknown): Promise<RegisterReply> {
    const reply = await this.#registration.register(node, checkRegister(body));
    await this.#joins.registered(node);
    return reply;
  }

  /** Keeps nodes that were deleted, and tokens that are used up, off the bus: at once, and again now and then. */
  #lockOut(scope: Scope): void {
    const { store, tokens, clock, log } = this.#deps;
    const queue = new WorkQueue<string>(clock, scope);
    const key = 'all';
    const apply = ({ type }: Change): void => {
      if (type === 'DELETED') queue.add(key);
    };
    startFollowing({ store, log }, { resources: ['nodes'], apply }, scope);
    queue.add(key);
    const work = async (): Promise<void> => {
      while ((await queue.next()) !== undefined) {
        try {
          await this.#joins.expelDeleted();
          await tokens.cutOffSpent();
        } catch (error) {
          log.warn('nodes or tokens not locked out yet', { problem: messageOf(error) });
        }
        queue.done(key);
        queue.addAfter(key, lockOutAgainMs);
      }
    };
    scope.spawn(work, (error) => log.error('lock-out ended', { error }));
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
    this.#deps.log.warn('invalid message from node', { node, verb, problem });
  }

  async #recordEvents(node: string, { events }: EventsRequest): Promise<void> {
    const ofPods = events.flatMap(({ involved }) => (involved.kind === 'Pod' ? involved.uid : []));
    const pods = await this.#owners.ownedBy(node, ofPods);
    for (const { involved, type, reason, message } of events) {
      const reference = involved.kind === 'Node' ? this.#referToNode(node, involved) : referToPod(pods, involved);
      if (reference === undefined) this.#complain(node, 'events', `${involved.kind} is not of this node`);
      else this.#deps.events.record(reference, type, reason, message, component, node);
    }
  }

  #referToNode(node: string, { name }: EventReport['involved']): ObjectReference | undefined {
    const uid = this.#deps.store.get<KubeObject>('nodes', '', node)?.metadata.uid;
    return name === node ? { apiVersion: 'v1', kind: 'Node', name: node, uid } : undefined;
  }

  async #takeSamples(node: string, samples: SamplesRequest): Promise<void> {
    const named = <T extends { uid: string }>(sample: T): T[] => {
      const owned = this.#owners.findLive(sample.uid);
      return owned?.node === node ? [{ ...sample, namespace: owned.namespace, pod: owned.name }] : [];
    };
    const { containers, pods } = samples;
    this.#deps.onSamples(node, { ...samples, containers: containers.flatMap(named), pods: pods.flatMap(named) });
  }

  /** Lines of foreign and unknown pods are thrown away, and acknowledged so that they do not come again. */
  async #takeLogs(node: string, { batches }: LogsRequest): Promise<LogsReply> {
    const pods = await this.#owners.ownedBy(
      node,
      batches.map(({ uid }) => uid),
    );
    const own = batches.flatMap((batch) => {
      const owned = pods.get(batch.uid);
      return owned === undefined ? [] : [{ ...batch, namespace: owned.namespace, pod: owned.name }];
    });
    if (own.length < batches.length) this.#complain(node, 'logs', 'pod is not of this node');
    const stored = own.length === 0 ? [] : (await this.#deps.onLogs(node, { batches: own })).next;
    let at = 0;
    return {
      next: batches.map(({ uid, first, lines }) => {
        if (!pods.has(uid)) return first + lines.length;
        at += 1;
        return stored[at - 1] ?? first;
      }),
    };
  }
}

function referToPod(
  pods: ReadonlyMap<string, PodRecord>,
  { uid, fieldPath }: EventReport['involved'],
): ObjectReference | undefined {
  const owned = pods.get(uid);
  return owned && { apiVersion: 'v1', kind: 'Pod', namespace: owned.namespace, name: owned.name, uid, fieldPath };
}
