import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { formatJoinToken } from '../../shared/bus/join-token.ts';
import { publicKeyOfSeed } from '../../shared/bus/nats-user.ts';
import { rfc3339, type Clock } from '../../shared/clock.ts';
import { ApiError, hasReason } from '../../shared/errors.ts';
import type { KubeObject, Secret } from '../../shared/objects/types.ts';
import type { Store } from '../store/store.ts';
import type { BusAuthority } from './jwt.ts';

export interface JoinTokenInfo {
  id: string;
  createdAt: string;
  expiresAt: string;
  uses: number;
  used: number;
}

interface Deps {
  store: Store;
  authority: BusAuthority;
  clock: Clock;
  /** Voids the bus credentials of this key: `NatsServer.revoke`. */
  revoke: (publicKey: string) => Promise<void>;
  /** Where agents find the bus, and the authority that signed its certificate (PEM). */
  bus: { urls: string[]; ca?: string };
}

type SecretObject = KubeObject & Secret;

const namespace = 'kube-system';
const type = 'berth.dev/join-token';
const prefix = 'join-token-';
/** A token that is used up still connects for so long: the answer to the last that joined may have been lost. */
const spentMs = 60_000;

/** Tokens that let machines join, kept as Secrets of their own type. The secret part itself is not kept, only its hash. */
export class JoinTokens {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** A new token, which is shown this once. */
  async create({ ttlMs, uses }: { ttlMs: number; uses: number }): Promise<string> {
    const { store, authority, clock, bus } = this.#deps;
    await this.#removeExpired();
    const id = randomBytes(5).toString('hex');
    const secret = randomBytes(24).toString('base64url');
    const now = clock.now();
    const expiresAt = now + ttlMs;
    const credentials = await authority.joinerCredentials(id, expiresAt);
    await store.create<SecretObject>('secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: `${prefix}${id}`, namespace },
      type,
      data: encodeFields({
        hash: hashOf(secret),
        createdAt: rfc3339(now),
        expiresAt: String(expiresAt),
        uses: String(uses),
        used: '0',
        publicKey: publicKeyOfSeed(credentials.seed),
      }),
    });
    return formatJoinToken({ id, secret, ...bus, ...credentials });
  }

  list(): JoinTokenInfo[] {
    return this.#all().map((secret) => {
      const { createdAt = '', expiresAt, uses, used } = decodeFields(secret);
      const id = secret.metadata.name.slice(prefix.length);
      return { id, createdAt, expiresAt: rfc3339(Number(expiresAt)), uses: Number(uses), used: Number(used) };
    });
  }

  /** Its bearer is cut off from the bus too. Throws NotFound. */
  async revoke(id: string): Promise<void> {
    const secret = await this.#deps.store.remove('secrets', namespace, `${prefix}${id}`);
    await this.#cutOff(secret as SecretObject);
  }

  /** Cuts off the bearers of tokens that were used up a while ago. Call it now and then. */
  async cutOffSpent(): Promise<void> {
    const { store, clock } = this.#deps;
    for (const secret of this.#all()) {
      const { spentAt, isCutOff } = decodeFields(secret);
      if (spentAt === undefined || isCutOff !== undefined || clock.now() - Number(spentAt) < spentMs) continue;
      await this.#cutOff(secret);
      await store.modify<SecretObject>('secrets', namespace, secret.metadata.name, (current) => ({
        ...current,
        data: { ...current.data, ...encodeFields({ isCutOff: 'true' }) },
      }));
    }
  }

  async #cutOff(secret: SecretObject): Promise<void> {
    const { publicKey } = decodeFields(secret);
    if (publicKey !== undefined) await this.#deps.revoke(publicKey);
  }

  /** Throws Unauthorized unless the token is good now; whether uses are left is not looked at. */
  check(id: string, secret: string): void {
    const { store, clock } = this.#deps;
    const kept = store.get<SecretObject>('secrets', namespace, `${prefix}${id}`);
    const { hash = '', expiresAt } = kept?.type === type ? decodeFields(kept) : {};
    if (!equals(hash, hashOf(secret))) throw new ApiError('Unauthorized', 'the join token is unknown or was revoked');
    if (clock.now() >= Number(expiresAt)) throw new ApiError('Unauthorized', 'the join token has expired');
  }

  /** Counts one use. Throws Unauthorized when none is left: of two at once, one loses. */
  async use(id: string): Promise<void> {
    try {
      await this.#deps.store.modify<SecretObject>('secrets', namespace, `${prefix}${id}`, (secret) => {
        const fields = decodeFields(secret);
        const used = Number(fields.used);
        if (used >= Number(fields.uses)) throw new ApiError('Unauthorized', 'the join token has been used up');
        const isSpent = used + 1 >= Number(fields.uses);
        const spentAt: Record<string, string> = isSpent ? { spentAt: String(this.#deps.clock.now()) } : {};
        return { ...secret, data: { ...secret.data, ...encodeFields({ used: String(used + 1), ...spentAt }) } };
      });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
      throw new ApiError('Unauthorized', 'the join token was revoked', {}, { cause: error });
    }
  }

  #all(): SecretObject[] {
    return this.#deps.store
      .list<SecretObject>('secrets', { namespace })
      .items.filter((secret) => secret.type === type && secret.metadata.name.startsWith(prefix));
  }

  async #removeExpired(): Promise<void> {
    const { store, clock } = this.#deps;
    for (const secret of this.#all()) {
      if (clock.now() < Number(decodeFields(secret).expiresAt)) continue;
      try {
        await store.remove('secrets', namespace, secret.metadata.name);
      } catch (error) {
        if (!hasReason(error, 'NotFound')) throw error;
      }
    }
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function equals(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function encodeFields(fields: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}

function decodeFields({ data = {} }: SecretObject): Partial<Record<string, string>> {
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]));
}
