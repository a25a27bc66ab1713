import { mkdtemp, rm } from 'node:fs/promises';
import { request as httpsRequest, Agent, type RequestOptions } from 'node:https';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { Authenticator } from '../../controller/api/access/authenticator.ts';
import { Authorizer } from '../../controller/api/access/authorizer.ts';
import { AccountTokens } from '../../controller/api/access/tokens/account-tokens.ts';
import { ensureBootstrap } from '../../controller/api/bootstrap.ts';
import type { ApiDeps } from '../../controller/api/deps.ts';
import { PodSecurity, type PodSecurityExemptions } from '../../controller/api/pod-security/pod-security.ts';
import { ApiServer } from '../../controller/api/server.ts';
import { ServiceAllocator } from '../../controller/api/services/allocator.ts';
import { hashToken, writeAdminKubeconfig } from '../../controller/certificates/admin.ts';
import { Pki } from '../../controller/certificates/pki.ts';
import { ensureTokenKey } from '../../controller/certificates/token-key.ts';
import { openStore } from '../../controller/store/cached-store.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { Store } from '../../controller/store/store.ts';
import { systemClock } from '../../shared/clock.ts';
import { silentLogger } from '../../shared/log.ts';

export interface Answer {
  code: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The parsed body; undefined when it is no JSON. */
  json: Json;
}

/** JSON whose shape a test knows. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;

export interface CallOptions {
  body?: unknown;
  headers?: Record<string, string>;
  /** null: send none. */
  token?: string | null;
}

const nothingExempt: PodSecurityExemptions = { namespaces: [], users: [], runtimeClasses: [] };

/** An API server on a free port with an empty store in memory. */
export class ApiHarness {
  readonly token = 'test-token';
  readonly pki: Pki;
  readonly store: Store;
  readonly registry: Registry;
  readonly port: number;
  readonly directory: string;
  readonly #server: ApiServer;
  readonly #state: StateStore;
  readonly #agent: Agent;

  private constructor(parts: {
    pki: Pki;
    store: Store;
    registry: Registry;
    port: number;
    directory: string;
    server: ApiServer;
    state: StateStore;
    maxSockets: number;
  }) {
    this.pki = parts.pki;
    this.store = parts.store;
    this.registry = parts.registry;
    this.port = parts.port;
    this.directory = parts.directory;
    this.#server = parts.server;
    this.#state = parts.state;
    this.#agent = new Agent({ keepAlive: true, maxSockets: parts.maxSockets, ca: parts.pki.authority });
  }

  static async start(
    overrides: Partial<ApiDeps> = {},
    { maxSockets = 64, exemptions = nothingExempt }: { maxSockets?: number; exemptions?: PodSecurityExemptions } = {},
  ): Promise<ApiHarness> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-api-'));
    const clock = overrides.clock ?? systemClock;
    const pki = await Pki.open(join(directory, 'pki'), systemClock);
    const state = await openSqliteStore(':memory:');
    const store = await openStore(state, clock);
    await ensureBootstrap(store);
    const registry = new Registry();
    const tokens = [
      { sha256: hashToken('test-token'), user: 'admin', groups: ['system:masters'] },
      { sha256: hashToken('guest-token'), user: 'guest', groups: ['guests'] },
    ];
    const accountTokens = new AccountTokens({ store, clock, key: await ensureTokenKey(pki.directory) });
    const server = new ApiServer({
      store,
      clock,
      log: silentLogger,
      tls: () => pki.serverIdentity('api-server', ['localhost', '127.0.0.1']),
      authenticator: new Authenticator(tokens, accountTokens),
      accountTokens,
      authorizer: new Authorizer(store),
      services: new ServiceAllocator(store, Math.random),
      podSecurity: new PodSecurity({ store, log: silentLogger, registry, exemptions: exemptions }),
      random: Math.random,
      podLogs: { read: async () => none(), readDeleted: async () => undefined },
      usage: { node: () => undefined, pods: () => new Map() },
      podExec: { exec: noAgent, attach: noAgent, forward: noAgent },
      routes: [],
      registry,
      ...overrides,
    });
    const { port } = await server.listen('127.0.0.1', 0);
    return new ApiHarness({ pki, store, registry, port, directory, server, state, maxSockets });
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** Ends the server alone; `stop` is still needed. */
  closeServer(): Promise<void> {
    return this.#server.close();
  }

  async stop(): Promise<void> {
    await this.closeServer();
    this.#agent.destroy();
    await this.#state.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  async kubeconfig(): Promise<string> {
    const path = join(this.directory, 'admin.kubeconfig');
    await writeAdminKubeconfig(path, { server: this.url, authority: this.pki.authority, token: this.token });
    return path;
  }

  /** Sends one request and reads the whole answer. A body that is no string or bytes is sent as JSON. */
  async call(method: string, path: string, { body, headers, token = this.token }: CallOptions = {}): Promise<Answer> {
    const isRaw = typeof body === 'string' || body instanceof Uint8Array;
    const bytes = body === undefined || isRaw ? body : JSON.stringify(body);
    const message = await this.open(
      {
        method,
        path,
        headers: {
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(bytes !== undefined && {
            'content-type': 'application/json',
            'content-length': String(Buffer.byteLength(bytes)),
          }),
          ...headers,
        },
      },
      bytes,
    );
    const text = await readText(message);
    return { code: message.statusCode ?? 0, headers: message.headers, text, json: parseOrUndefined(text) };
  }

  /** Sends one request; resolves when the headers of the answer are there. */
  open(options: RequestOptions, body?: string | Uint8Array): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpsRequest({ host: '127.0.0.1', port: this.port, agent: this.#agent, ...options }, resolve);
      request.on('error', reject);
      request.end(body);
    });
  }
}

function noAgent(): Promise<never> {
  return Promise.reject(new Error('no agent'));
}

export async function readText(message: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

// oxlint-disable-next-line require-yield
async function* none(): AsyncGenerator<Uint8Array, void> {
  await Promise.resolve();
}
