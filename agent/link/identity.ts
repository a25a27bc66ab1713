import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { asFields, asList, asText } from '../../shared/bus/check-values.ts';
import { expiryOf, issueTimeOf, type RenewReply } from '../../shared/bus/join-token.ts';
import { NatsBus } from '../../shared/bus/nats-bus.ts';
import { publicKeyOfSeed } from '../../shared/bus/nats-user.ts';
import { inboxPrefix, subjects } from '../../shared/bus/subjects.ts';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { readIfExists, writeAtomic } from '../host/files.ts';

/** Who this node is to the bus: kept in one file that only root may read. */
export interface NodeCredentials {
  node: string;
  urls: string[];
  ca?: string;
  /** Made here; never leaves this machine. */
  seed: string;
  jwt: string;
  renewalJwt: string;
  clusterId: string;
  /** The token that it joined with. */
  tokenId: string;
}

interface Deps {
  directory: string;
  clock: Clock;
  log: Logger;
}

const checkEveryMs = 60_000;
const answerWithinMs = 5000;

/** The credentials of this node, and the connections made with them. */
export class NodeIdentity {
  readonly #deps: Deps;
  #credentials: NodeCredentials;

  constructor(deps: Deps, credentials: NodeCredentials) {
    this.#deps = deps;
    this.#credentials = credentials;
  }

  /** What an earlier start kept; undefined when the node has not joined yet or under another name. */
  static async load(deps: Deps, node: string): Promise<NodeIdentity | undefined> {
    const text = await readIfExists(fileIn(deps.directory));
    if (text === undefined) return undefined;
    try {
      const credentials = parseCredentials(text);
      return credentials.node === node ? new NodeIdentity(deps, credentials) : undefined;
    } catch (error) {
      deps.log.warn('kept credentials are damaged; the node has to join again', {
        file: fileIn(deps.directory),
        problem: messageOf(error),
      });
      return undefined;
    }
  }

  get credentials(): Readonly<NodeCredentials> {
    return this.#credentials;
  }

  async save(): Promise<void> {
    await mkdir(this.#deps.directory, { recursive: true, mode: 0o700 });
    await writeAtomic(fileIn(this.#deps.directory), JSON.stringify(this.#credentials, undefined, 2));
  }

  /** A connection that is made in the background; it uses the newest credential at each reconnect. */
  connect(purpose: string): NatsBus {
    return this.#dial(purpose, () => this.#credentials.jwt);
  }

  /** Renews the credential at half of its life, over `bus`, or with the right to renew alone when `bus` cannot connect. */
  async keepFresh(bus: NatsBus, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    let wasConnected = true;
    for (;;) {
      const isHalfOver = clock.now() >= this.#halfLife();
      // Away for a whole round: perhaps the credential is what the server does not like.
      const isShutOut = !bus.isConnected && !wasConnected;
      wasConnected = bus.isConnected;
      if (isHalfOver || isShutOut) {
        try {
          await this.#renew(bus, signal);
        } catch (error) {
          if (signal.aborted) return;
          log.warn('credential not renewed yet', { problem: messageOf(error) });
        }
      }
      await clock.sleep(checkEveryMs, signal);
    }
  }

  async #renew(bus: NatsBus, signal: AbortSignal): Promise<void> {
    const { node, renewalJwt } = this.#credentials;
    const own = bus.isConnected ? undefined : this.#dial('renewal', () => renewalJwt);
    try {
      const options = { timeoutMs: answerWithinMs, signal };
      await own?.ready(options);
      const { jwt } = await (own ?? bus).request<RenewReply>(subjects.upCall(node, 'renew'), {}, options);
      this.#credentials = { ...this.#credentials, jwt: asText(jwt, 'jwt', 4096) };
      await this.save();
    } finally {
      await own?.close();
    }
  }

  #dial(purpose: string, jwt: () => string): NatsBus {
    const { node, urls, ca, seed } = this.#credentials;
    return new NatsBus({
      name: `${node} ${purpose}`,
      servers: urls,
      ...(ca !== undefined && { ca }),
      credentials: { jwt, seed },
      inboxPrefix: inboxPrefix(node),
      log: this.#deps.log.child({ connection: purpose }),
    });
  }

  #halfLife(): number {
    const { jwt } = this.#credentials;
    const expiry = expiryOf(jwt);
    return expiry === undefined ? Infinity : ((issueTimeOf(jwt) + expiry) / 2) * 1000;
  }
}

function fileIn(directory: string): string {
  return join(directory, 'credentials.json');
}

function parseCredentials(text: string): NodeCredentials {
  const fields = asFields(JSON.parse(text), 'credentials');
  const seed = asText(fields.seed, 'seed');
  publicKeyOfSeed(seed);
  return {
    node: asText(fields.node, 'node'),
    urls: asList(fields.urls, 'urls', 16, asText),
    ...(fields.ca !== undefined && { ca: asText(fields.ca, 'ca', 16_384) }),
    seed,
    jwt: asText(fields.jwt, 'jwt', 4096),
    renewalJwt: asText(fields.renewalJwt, 'renewalJwt', 4096),
    clusterId: asText(fields.clusterId, 'clusterId'),
    tokenId: asText(fields.tokenId, 'tokenId'),
  };
}
