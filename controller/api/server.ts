import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../shared/errors.ts';
import { Scope } from '../../shared/scope.ts';
import type { ApiDeps } from './deps.ts';
import { AuditLog } from './audit/audit-log.ts';
import { Exchange, type ExchangeParts } from './http/exchange.ts';
import { Load } from './http/load.ts';
import { makeHttpsServer, responseOn } from './http/https-server.ts';
import { SocketUpgrades } from './http/socket-upgrades.ts';
import { ApiMetrics } from './metrics.ts';
import { Router } from './router.ts';

const certificateCheckMs = 12 * 3_600_000;
/** How long requests may go on after `close` was asked for. */
const closeGraceMs = 5_000;

/** The Kubernetes API over HTTPS. Listens once; a second close waits for the first. */
export class ApiServer {
  readonly #deps: ApiDeps;
  readonly #parts: ExchangeParts;
  readonly #upgrades = new SocketUpgrades();
  readonly #scope = new Scope('api server');
  readonly #exchanges = new Map<Exchange, Promise<void>>();
  readonly #sockets = new Set<Duplex>();
  #server: Server | undefined;
  #closing: Promise<void> | undefined;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
    const router = new Router(deps);
    const { audit } = deps;
    this.#parts = {
      deps,
      router,
      metrics: new ApiMetrics(deps.registry),
      load: new Load(deps.maxInflight),
      ...(audit && { audit: new AuditLog(audit, deps.clock) }),
    };
  }

  /** Serves on `host` and `port` (0: any free one); resolves with where. */
  async listen(host: string, port: number): Promise<{ host: string; port: number }> {
    const server = makeHttpsServer(await this.#deps.tls());
    this.#server = server;
    server.on('connection', (socket) => this.#keep(socket));
    server.on('request', (message, response) => this.#serve(message, response));
    server.on('upgrade', (message, socket, head) => {
      // Connections of a TLS server are sockets.
      this.#serve(message, responseOn(message, socket as unknown as Socket), head);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        server.on('error', (error) => this.#deps.log.error('api server failed', { error }));
        resolve();
      });
    });
    this.#scope.spawn(
      (signal) => this.#renewCertificate(server, signal),
      () => undefined,
    );
    const address = server.address() as AddressInfo;
    return { host: address.address, port: address.port };
  }

  /** Refuses new connections, ends watches and sessions, and gives the other requests five seconds. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #serve(message: IncomingMessage, response: ServerResponse, head?: Buffer): void {
    const exchange = new Exchange(this.#parts, message, response);
    const upgrade = head && { sockets: this.#upgrades, head };
    const running = exchange.run(upgrade);
    this.#exchanges.set(exchange, running);
    void running.finally(() => this.#exchanges.delete(exchange));
  }

  async #renewCertificate(server: Server, signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#deps.clock.sleep(certificateCheckMs, signal);
      try {
        const { certificate, privateKey, authority } = await this.#deps.tls();
        server.setSecureContext({ cert: certificate, key: privateKey, ca: authority });
      } catch (error) {
        this.#deps.log.error('cannot renew the certificate of the api server', { error: messageOf(error) });
      }
    }
  }

  async #close(): Promise<void> {
    await this.#scope.close();
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const exchange of this.#exchanges.keys()) exchange.endStream();
    const grace = new Scope('close grace');
    grace.spawn(
      async (signal) => {
        await this.#deps.clock.sleep(closeGraceMs, signal);
        for (const socket of this.#sockets) socket.destroy();
      },
      () => undefined,
    );
    await Promise.all(this.#exchanges.values());
    server.closeIdleConnections();
    await closed;
    await grace.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}
