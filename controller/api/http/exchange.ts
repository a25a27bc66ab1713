import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '../../../shared/errors.ts';
import type { AuditedRequest, AuditLog } from '../audit/audit-log.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiMetrics } from '../metrics.ts';
import type { Router } from '../router.ts';
import type { RequestNotes } from './api-request.ts';
import { Scope } from '../../../shared/scope.ts';
import { keepAlive } from './keep-alive.ts';
import type { Load } from './load.ts';
import { MethodNotAllowed } from './method-not-allowed.ts';
import { acceptsGzip } from './negotiation.ts';
import { relay } from './relay.ts';
import type { RelayReply, Reply, SocketReply, SpdyReply, StreamReply } from './reply.ts';
import { sendBytes, sendJson, sendStream } from './send.ts';
import type { SocketUpgrades } from './socket-upgrades.ts';
import { streamOverSocket } from './stream-socket.ts';
import { acceptSpdy } from './spdy-upgrade.ts';
import { failureStatus } from './status.ts';
import { warningHeaders } from './warnings.ts';

export interface Upgrade {
  sockets: SocketUpgrades;
  head: Buffer;
}

/** What all exchanges of a server share. */
export interface ExchangeParts {
  deps: ApiDeps;
  router: Router;
  metrics: ApiMetrics;
  load: Load;
  audit?: AuditLog;
}

/** One request and its answer. Whatever happens in between, the answer is given and nothing is thrown. */
export class Exchange {
  readonly #deps: ApiDeps;
  readonly #router: Router;
  readonly #metrics: ApiMetrics;
  readonly #load: Load;
  readonly #message: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #gone = new AbortController();
  readonly #audited: AuditedRequest | undefined;
  readonly #notes: RequestNotes = { warnings: [], labels: { verb: 'other', resource: '' } };
  #goesOn = false;

  constructor(parts: ExchangeParts, message: IncomingMessage, response: ServerResponse) {
    const { deps, router, metrics, load, audit } = parts;
    this.#deps = deps;
    this.#router = router;
    this.#metrics = metrics;
    this.#load = load;
    this.#message = message;
    this.#response = response;
    this.#audited = audit?.begin(message, this.#notes);
    response.on('close', () => this.#gone.abort());
    // An error of the connection shows as its close.
    response.on('error', () => undefined);
    message.on('error', () => undefined);
  }

  /** Ends the answer if it is one that goes on; others are left to finish. */
  endStream(): void {
    if (this.#goesOn) this.#gone.abort();
  }

  async run(upgrade: Upgrade | undefined): Promise<void> {
    const { clock, log } = this.#deps;
    const begin = clock.monotonic();
    if (this.#audited) this.#response.setHeader('Audit-Id', this.#audited.id);
    this.#metrics.began();
    this.#load.began();
    let code = 500;
    try {
      code = await this.#send(await this.#answer(), upgrade);
    } catch (error) {
      // A client that went away ends its stream with an error: that is no fault of anybody's.
      if (this.#gone.signal.aborted) code = this.#response.statusCode;
      else log.error('cannot answer a request', { error });
      this.#response.destroy();
    } finally {
      this.#load.ended(this.#goesOn);
      if (this.#goesOn) this.#metrics.closed(this.#notes.labels.resource);
      this.#audited?.ended(code);
      this.#metrics.ended(this.#notes.labels, code, this.#goesOn ? undefined : (clock.monotonic() - begin) / 1_000);
    }
  }

  async #answer(): Promise<Reply> {
    try {
      this.#load.checkRequest();
      const reply = await this.#router.answer(this.#message, this.#notes, this.#gone.signal);
      if (reply.kind !== 'json' && reply.kind !== 'bytes') this.#load.checkStream();
      const { warnings } = this.#notes;
      if (warnings.length > 0) this.#response.setHeader('Warning', warningHeaders(warnings));
      return reply;
    } catch (error) {
      return this.#refuse(error);
    }
  }

  #refuse(error: unknown): Reply {
    const status = failureStatus(error, this.#deps.log.child({ method: this.#message.method, url: this.#message.url }));
    const retryAfter = status.details?.retryAfterSeconds;
    return {
      kind: 'json',
      code: status.code,
      body: status,
      headers: {
        ...(retryAfter !== undefined && { 'Retry-After': String(retryAfter) }),
        ...(error instanceof MethodNotAllowed && { Allow: error.allowed.join(', ') }),
      },
    };
  }

  /** Resolves with the code that was sent. */
  async #send(reply: Reply, upgrade: Upgrade | undefined): Promise<number> {
    const { clock } = this.#deps;
    this.#audited?.replied(reply);
    const gzip = acceptsGzip(this.#message.headers['accept-encoding']);
    switch (reply.kind) {
      case 'json':
        if (!this.#message.complete) this.#response.setHeader('Connection', 'close');
        await sendJson(this.#response, reply, this.#message, gzip, clock);
        return reply.code;
      case 'bytes':
        await sendBytes(this.#response, reply, gzip, clock);
        return reply.code;
      case 'stream':
        return upgrade === undefined ? this.#stream(reply) : this.#streamOverSocket(reply, upgrade);
      case 'socket':
        return this.#upgrade(reply, upgrade);
      case 'spdy':
        return this.#upgradeToSpdy(reply, upgrade);
      case 'relay':
        return this.#relay(reply, upgrade);
    }
  }

  async #stream(reply: StreamReply): Promise<number> {
    this.#opened(200);
    await sendStream(this.#response, reply, this.#deps.clock, this.#gone.signal);
    return 200;
  }

  #streamOverSocket(reply: StreamReply, upgrade: Upgrade): Promise<number> {
    const socketReply = streamOverSocket(reply, this.#message.headers['sec-websocket-protocol']);
    if (socketReply !== undefined) return this.#upgrade(socketReply, upgrade);
    const problem = new ApiError('BadRequest', 'none of the WebSocket subprotocols is known');
    return this.#send(this.#refuse(problem), undefined);
  }

  async #relay(reply: RelayReply, upgrade: Upgrade | undefined): Promise<number> {
    this.#opened();
    const [message, response] = [this.#message, this.#response];
    try {
      const { clock } = this.#deps;
      return await relay({ message, response, reply, head: upgrade?.head, clock, signal: this.#gone.signal });
    } catch (error) {
      if (response.headersSent || response.destroyed) throw error;
      return this.#send(this.#refuse(error), undefined);
    }
  }

  async #upgrade(reply: SocketReply, upgrade: Upgrade | undefined): Promise<number> {
    const { socket } = this.#response;
    if (upgrade === undefined || socket === null) return this.#refuseUpgrade();
    this.#response.detachSocket(socket);
    const webSocket = await upgrade.sockets.accept(this.#message, socket, upgrade.head, reply.protocol);
    if (webSocket === undefined) return 400;
    this.#opened(101);
    webSocket.once('close', () => this.#gone.abort());
    const scope = new Scope('web socket');
    scope.spawn(
      (signal) => keepAlive(webSocket, this.#deps.clock, signal),
      () => webSocket.terminate(),
    );
    await this.#untilGone(reply.serve(webSocket), () => webSocket.close(1001));
    await scope.close();
    return 101;
  }

  async #upgradeToSpdy(reply: SpdyReply, upgrade: Upgrade | undefined): Promise<number> {
    const { socket } = this.#response;
    if (upgrade === undefined || socket === null) return this.#refuseUpgrade();
    this.#response.detachSocket(socket);
    const link = acceptSpdy(socket, upgrade.head, reply.protocol);
    this.#opened(101);
    await this.#untilGone(reply.serve(link), () => link.close());
    return 101;
  }

  #refuseUpgrade(): Promise<number> {
    return this.#send(this.#refuse(new ApiError('BadRequest', 'Upgrade request required')), undefined);
  }

  async #untilGone(serving: Promise<void>, stop: () => void): Promise<void> {
    this.#gone.signal.addEventListener('abort', stop, { once: true });
    try {
      await serving;
    } finally {
      this.#gone.signal.removeEventListener('abort', stop);
    }
  }

  #opened(code?: number): void {
    this.#goesOn = true;
    this.#audited?.opened(code);
    this.#load.opened();
    this.#metrics.opened(this.#notes.labels.resource);
  }
}
