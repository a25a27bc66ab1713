import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { http } from '../../shared/http.ts';
import type { Logger } from '../../shared/log.ts';
import type { Address } from '../../shared/settings.ts';

interface Deps {
  registry: Registry;
  log: Logger;
  /** Says that a bearer token may read metrics. */
  isAllowed: (token: string) => boolean;
}

const loopback = /^(127\.|::1$|localhost$)/;

/** `/metrics` on its own listener. On loopback it is open; anywhere else it wants the bearer token. */
export class MetricsListener {
  readonly #deps: Deps;
  #server: Server | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Resolves with where it listens; port 0 takes a free one. */
  listen({ host, port }: Address): Promise<Address> {
    const needsToken = !loopback.test(host);
    const server = http.createServer({ requestTimeout: 10_000 }, (request, response) => {
      this.#answer(request, response, needsToken).catch((error: unknown) => {
        this.#deps.log.error('metrics could not be written', { error });
        if (!response.headersSent) response.writeHead(500);
        response.end('metrics could not be written\n');
      });
    });
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        const address = server.address() as AddressInfo;
        resolve({ host: address.address, port: address.port });
      });
    });
  }

  async close(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse, needsToken: boolean): Promise<void> {
    const [path] = (request.url ?? '').split('?');
    const send = (code: number, text: string, type = 'text/plain; charset=utf-8'): void => {
      response.writeHead(code, { 'content-type': type });
      response.end(text);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'only GET\n');
    if (path === '/healthz') return send(200, 'ok');
    if (path !== '/metrics') return send(404, 'metrics are at /metrics\n');
    const token = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (needsToken && !this.#deps.isAllowed(token)) return send(401, 'send the bearer token of the admin kubeconfig\n');
    send(200, await this.#deps.registry.metrics(), this.#deps.registry.contentType);
  }
}
