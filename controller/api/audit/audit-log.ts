import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../../../shared/clock.ts';
import type { User } from '../access/user.ts';
import { parseTarget, type RequestNotes } from '../http/api-request.ts';
import type { Reply } from '../http/reply.ts';
import { parseResourcePath, servedInfo, verbOf } from '../resource-path.ts';

/** Where lines of the audit log go; a call neither waits nor throws. */
export interface AuditSink {
  write(line: string): void;
}

/** No client needs more of either to be known by it. */
const maxPathLength = 1_024;
const maxAgentLength = 256;
const healthPath = /^\/(?:healthz|livez|readyz)(?:[/?]|$)/;

/**
 * Writes down who asked for what and how it went: the events of upstream's `audit.k8s.io/v1` at the level `Metadata`.
 * Bodies, queries and messages of errors stay out, since any of them may hold what is secret.
 */
export class AuditLog {
  readonly #sink: AuditSink;
  readonly #clock: Clock;

  constructor(sink: AuditSink, clock: Clock) {
    this.#sink = sink;
    this.#clock = clock;
  }

  /** Call it before the request is answered; undefined for one that is not written down: a health check. */
  begin(message: IncomingMessage, notes: RequestNotes): AuditedRequest | undefined {
    if (healthPath.test(message.url ?? '')) return undefined;
    return new AuditedRequest(this.#sink, this.#clock, message, notes);
  }
}

/** One request in the audit log: a line when it has ended, and one before when its answer goes on. */
export class AuditedRequest {
  readonly id = randomUUID();
  readonly #sink: AuditSink;
  readonly #clock: Clock;
  readonly #notes: RequestNotes;
  readonly #received: number;
  readonly #begin: number;
  /** What is known before the request is answered: a connection that has ended has no address any more. */
  readonly #known: object;
  #reason: string | undefined;
  #name: string | undefined;

  constructor(sink: AuditSink, clock: Clock, message: IncomingMessage, notes: RequestNotes) {
    this.#sink = sink;
    this.#clock = clock;
    this.#notes = notes;
    this.#received = clock.now();
    this.#begin = clock.monotonic();
    this.#known = {
      sourceIPs: [message.socket.remoteAddress ?? ''],
      userAgent: (message.headers['user-agent'] ?? '').slice(0, maxAgentLength),
      ...describeTarget(message),
    };
  }

  /** Takes from an answer why it refuses, and the name of a new object, which the path does not hold. */
  replied(reply: Reply): void {
    if (reply.kind !== 'json') return;
    const body = reply.body as Answered | undefined;
    if (reply.code >= 400) this.#reason = body?.reason;
    this.#name = reply.code >= 400 ? body?.details?.name : body?.metadata?.name;
  }

  /** The answer goes on. `code` is undefined while another server decides about it. */
  opened(code: number | undefined): void {
    this.#write('ResponseStarted', code);
  }

  ended(code: number): void {
    this.#write('ResponseComplete', code);
  }

  #write(stage: 'ResponseStarted' | 'ResponseComplete', code: number | undefined): void {
    const { objectRef, ...known } = this.#known as Target;
    const { sender, actsAs } = this.#notes;
    const event = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      auditID: this.id,
      stage,
      ...known,
      ...(sender && { user: shownUser(sender) }),
      ...(actsAs && { impersonatedUser: shownUser(actsAs) }),
      ...(objectRef && { objectRef: { ...objectRef, name: objectRef.name ?? this.#name } }),
      ...(code !== undefined && { responseStatus: { code, reason: this.#reason } }),
      requestReceivedTimestamp: new Date(this.#received).toISOString(),
      stageTimestamp: new Date(this.#clock.now()).toISOString(),
      durationMs: Math.round(this.#clock.monotonic() - this.#begin),
    };
    this.#sink.write(`${JSON.stringify(event)}\n`);
  }
}

/** As much of the JSON of an answer as the log needs. */
interface Answered {
  reason?: string;
  details?: { name?: string };
  metadata?: { name?: string };
}

interface Target {
  verb: string;
  /** Without its query. */
  requestURI?: string;
  objectRef?: Record<string, string | undefined>;
  dryRun?: true;
}

function shownUser({ name, uid, groups }: User): object {
  return { username: name, uid, groups };
}

/** What the request line names, whether or not there is such a thing: the refused are written down as well. */
function describeTarget({ method = '', url = '' }: IncomingMessage): Target {
  const verb = method.toLowerCase();
  const path = url.split('?', 1)[0] ?? '';
  const requestURI = path.slice(0, maxPathLength);
  try {
    const { segments, query } = parseTarget(url);
    const target = parseResourcePath(segments);
    if (target === undefined) return { verb, requestURI };
    const { namespace, name, subresource } = target;
    const { plural: resource, group, version } = servedInfo(target);
    const watches = !['', 'false', '0'].includes(query.get('watch')?.toLowerCase() ?? '');
    return {
      verb: verbOf(method, target, watches) ?? verb,
      ...((query.get('dryRun') ?? '') !== '' && { dryRun: true }),
      objectRef: {
        resource,
        ...(namespace !== '' && { namespace }),
        name,
        ...(group !== '' && { apiGroup: group }),
        apiVersion: version,
        subresource,
      },
    };
  } catch {
    return { verb, requestURI };
  }
}
