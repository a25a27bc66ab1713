import {
  createAccount,
  createOperator,
  createUser,
  encodeAccount,
  encodeOperator,
  encodeUser,
  fromSeed,
} from '@nats-io/jwt';
import { join } from 'node:path';
import { inboxPrefix, joinInboxPrefix, nodeToken, subjects } from '../../shared/bus/subjects.ts';
import type { Clock } from '../../shared/clock.ts';
import { makePrivateDirectory, readIfPresent, writePrivateFile } from '../certificates/private-files.ts';

/** What a client connects with. */
export interface UserCredentials {
  jwt: string;
  seed: string;
}

/** What a server must know to tell who may come in. */
export interface ServerClaims {
  operatorJwt: string;
  /** Public keys of the two accounts. */
  systemId: string;
  accountId: string;
  /** JWTs by account id. */
  accounts: Record<string, string>;
}

/** As kept on disk. */
interface KeptClaims extends ServerClaims {
  /** Public keys, with the time (seconds) up to which what was issued to them is void. */
  revoked: Record<string, number>;
}

/** Seeds of the keys that make a cluster: whoever has them is the cluster. */
interface Seeds {
  operator: string;
  system: string;
  account: string;
  signing: string;
}

const seedNames = ['operator', 'system', 'account', 'signing'] as const;
const unlimited = -1;
const day = 24 * 3_600_000;

/** Of them the servers are told with every change. */
const maxRevoked = 2000;

/** How long a node's credential lasts; it is renewed at half of it. */
export const nodeCredentialMs = day;

/**
 * Issues credentials for the bus: issuing is signing, no server needs to be told. The keys are made once and kept below
 * `directory`, readable by their owner only.
 */
export class BusAuthority {
  readonly #file: string;
  readonly #seeds: Seeds;
  readonly #clock: Clock;
  #claims: KeptClaims;

  private constructor(file: string, seeds: Seeds, claims: KeptClaims, clock: Clock) {
    this.#file = file;
    this.#seeds = seeds;
    this.#claims = claims;
    this.#clock = clock;
  }

  static async open(directory: string, clock: Clock): Promise<BusAuthority> {
    await makePrivateDirectory(directory);
    const keysFile = join(directory, 'keys.json');
    const keys = await keep(keysFile, async () => `${JSON.stringify(newSeeds(), undefined, 2)}\n`);
    const seeds = parseSeeds(keys, keysFile);
    const claimsFile = join(directory, 'claims.json');
    const claims = await keep(claimsFile, async () => JSON.stringify(await signClaims(seeds, {})));
    return new BusAuthority(claimsFile, seeds, parseClaims(claims, claimsFile), clock);
  }

  /** Voids what was issued to this key until now. Servers learn it with their next claims. */
  async revoke(publicKey: string): Promise<void> {
    // The right to renew has no end, so what was revoked stays so, save for the oldest of very many.
    const others = Object.entries(this.#claims.revoked).filter(([key]) => key !== publicKey);
    const newest = others.sort(([, a], [, b]) => b - a).slice(0, maxRevoked - 1);
    const revoked = { ...Object.fromEntries(newest), [publicKey]: Math.floor(this.#clock.now() / 1000) };
    // The operator's claim stays: a running server takes no other, not even one of the same key.
    const { operatorJwt } = this.#claims;
    this.#claims = { ...(await signClaims(this.#seeds, revoked)), operatorJwt };
    await writePrivateFile(this.#file, JSON.stringify(this.#claims));
  }

  /** Says whether what was issued to this key was voided. */
  isRevoked(publicKey: string): boolean {
    return this.#claims.revoked[publicKey] !== undefined;
  }

  /** As of now, revocations included. The same text as long as nothing is revoked: a reload then disturbs nobody. */
  get serverClaims(): ServerClaims {
    return this.#claims;
  }

  /** For this controller process: everything within the cluster's account. */
  async controllerCredentials(): Promise<UserCredentials> {
    return this.#newUser('controller', { pub: { allow: ['>'] }, sub: { allow: ['>'] } });
  }

  /** To tell a running server about accounts; for a minute. */
  async systemCredentials(): Promise<UserCredentials> {
    const user = createUser();
    const options = { exp: Math.floor(this.#clock.now() / 1000) + 60 };
    const jwt = await encodeUser('system', user.getPublicKey(), keyOf(this.#seeds.system), {}, options);
    return { jwt, seed: seedOf(user) };
  }

  /** For the public key that a node made: its own subjects, for a day. */
  async issueNode(node: string, publicKey: string): Promise<string> {
    const token = nodeToken(node);
    return this.#sign(
      `node ${node}`,
      publicKey,
      {
        pub: { allow: [`berth.up.${token}.>`] },
        sub: { allow: [`berth.down.${token}.>`, `${inboxPrefix(node)}.>`] },
        // One answer to each question of a controller; the time is in nanoseconds.
        resp: { max: 1, ttl: 600_000_000_000 },
      },
      this.#clock.now() + nodeCredentialMs,
    );
  }

  /** For the same key, without end, but good for one question only: renew me. For nodes that were away for long. */
  async issueRenewal(node: string, publicKey: string): Promise<string> {
    return this.#sign(`renewal ${node}`, publicKey, {
      pub: { allow: [subjects.upCall(node, 'renew')] },
      sub: { allow: [`${inboxPrefix(node)}.>`] },
    });
  }

  /** For the bearer of one join token: may ask to join and hear the answer. */
  async joinerCredentials(id: string, expiresAt: number): Promise<UserCredentials> {
    const permissions = { pub: { allow: [subjects.join(id)] }, sub: { allow: [`${joinInboxPrefix(id)}.>`] } };
    return this.#newUser(`joiner ${id}`, permissions, expiresAt);
  }

  async #newUser(name: string, permissions: Permissions, expiresAt?: number): Promise<UserCredentials> {
    const user = createUser();
    return { jwt: await this.#sign(name, user.getPublicKey(), permissions, expiresAt), seed: seedOf(user) };
  }

  #sign(name: string, publicKey: string, permissions: Permissions, expiresAt?: number): Promise<string> {
    return encodeUser(
      name,
      publicKey,
      publicKeyOf(this.#seeds.account),
      { ...permissions, subs: 200, payload: 8 * 1024 * 1024, data: unlimited },
      {
        signer: keyOf(this.#seeds.signing),
        ...(expiresAt !== undefined && { exp: Math.floor(expiresAt / 1000) }),
      },
    );
  }
}

interface Permissions {
  pub: { allow: string[] };
  sub: { allow: string[] };
  resp?: { max: number; ttl: number };
}

/** The library's own defaults are 0: nobody could subscribe. */
const accountLimits = {
  subs: unlimited,
  data: unlimited,
  payload: unlimited,
  imports: unlimited,
  exports: unlimited,
  wildcards: true,
  conn: unlimited,
  leaf: unlimited,
};

type KeyPair = ReturnType<typeof createUser>;

function seedOf(pair: KeyPair): string {
  return new TextDecoder().decode(pair.getSeed());
}

function keyOf(seed: string): KeyPair {
  return fromSeed(new TextEncoder().encode(seed));
}

function publicKeyOf(seed: string): string {
  return keyOf(seed).getPublicKey();
}

async function signClaims(seeds: Seeds, revoked: Record<string, number>): Promise<KeptClaims> {
  const systemId = publicKeyOf(seeds.system);
  const accountId = publicKeyOf(seeds.account);
  const signer = keyOf(seeds.operator);
  const account = { limits: accountLimits, signing_keys: [publicKeyOf(seeds.signing)], revocations: revoked };
  return {
    operatorJwt: await encodeOperator('berth', signer, { system_account: systemId }),
    systemId,
    accountId,
    accounts: {
      [systemId]: await encodeAccount('SYS', keyOf(seeds.system), { limits: accountLimits }, { signer }),
      [accountId]: await encodeAccount('BERTH', keyOf(seeds.account), account, { signer }),
    },
    revoked,
  };
}

/** The text of a file that is made when it is missing. */
async function keep(file: string, make: () => Promise<string>): Promise<string> {
  const kept = await readIfPresent(file);
  if (kept !== undefined) return kept;
  const text = await make();
  await writePrivateFile(file, text);
  return text;
}

function newSeeds(): Seeds {
  return {
    operator: seedOf(createOperator()),
    system: seedOf(createAccount()),
    account: seedOf(createAccount()),
    signing: seedOf(createAccount()),
  };
}

function parseSeeds(text: string, file: string): Seeds {
  const found = parseFields<Seeds>(text);
  if (seedNames.every((name) => isSeed(found?.[name]))) return found as Seeds;
  throw new Error(
    `the keys of the bus in ${file} are damaged; bring the file back from a copy. Without one remove it and ` +
      'claims.json: new keys are made, and every other node has to join again with a new token',
  );
}

function parseClaims(text: string, file: string): KeptClaims {
  const found = parseFields<KeptClaims>(text);
  const { operatorJwt, systemId, accountId } = found ?? {};
  const areTexts = [operatorJwt, systemId, accountId].every((value) => typeof value === 'string');
  if (areTexts && typeof found?.accounts === 'object' && typeof found.revoked === 'object') return found as KeptClaims;
  throw new Error(
    `${file} is damaged; bring it back from a copy, or remove it: it is made again, but a node that was cut off within ` +
      'the last day can come back until its credential ends',
  );
}

function parseFields<T>(text: string): Partial<T> | undefined {
  try {
    return (JSON.parse(text) as Partial<T> | null) ?? undefined;
  } catch {
    return undefined;
  }
}

function isSeed(text: unknown): boolean {
  try {
    return typeof text === 'string' && publicKeyOf(text) !== '';
  } catch {
    return false;
  }
}
