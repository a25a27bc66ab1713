import { randomUUID, type KeyObject } from 'node:crypto';
import type { Clock } from '../../../../shared/clock.ts';
import type { KubeObject } from '../../../../shared/objects/types.ts';
import type { Store } from '../../../store/store.ts';
import { accountGroups, accountUserName, type User } from '../user.ts';
import { TokenSigner, type Claims } from './signed-token.ts';

/** Whom tokens say they are from, and whom they are for when nobody else is named. */
export const issuer = 'https://kubernetes.default.svc.cluster.local';

/** An object that a token is good for only as long as that exists. */
export interface BoundObject {
  kind: 'Pod' | 'Secret' | 'Node';
  name: string;
  uid: string;
}

export interface TokenOrder {
  namespace: string;
  account: { name: string; uid: string };
  /** Empty: this API. */
  audiences: readonly string[];
  lifeMs: number;
  bound?: BoundObject;
}

/** A user whom a token proves, and those of the wanted audiences that it is for. */
export interface TokenBearer {
  user: User;
  audiences: readonly string[];
}

/** What the `kubernetes.io` claim of a token says. */
interface AccountClaim {
  namespace: string;
  serviceaccount: Reference;
  pod?: Reference;
  secret?: Reference;
  node?: Reference;
}

interface Reference {
  name: string;
  uid: string;
}

interface Deps {
  store: Store;
  clock: Clock;
  key: KeyObject;
}

const boundKinds = { pod: 'pods', secret: 'secrets', node: 'nodes' } as const;
/** So long after its deletion was asked for, an object may still use its token. */
const deletionLeewayMs = 60_000;

/** Issues tokens of ServiceAccounts and recognises them: as long as account and bound object are the same ones. */
export class AccountTokens {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #signer: TokenSigner;

  constructor({ store, clock, key }: Deps) {
    this.#store = store;
    this.#clock = clock;
    this.#signer = new TokenSigner(key);
  }

  /** The public key, for whoever checks tokens without asking. */
  get keySet(): object {
    return this.#signer.keySet;
  }

  issue(order: TokenOrder): { token: string; expiresAt: number } {
    const exp = Math.floor(this.#clock.now() / 1_000) + Math.floor(order.lifeMs / 1_000);
    return { token: this.#signer.sign({ ...this.#claims(order), exp }), expiresAt: exp * 1_000 };
  }

  /** A token for the API that ends with a Secret alone: it is kept in there. */
  issueLasting({ secret, ...order }: Pick<TokenOrder, 'namespace' | 'account'> & { secret: Reference }): string {
    return this.#signer.sign(this.#claims({ ...order, audiences: [issuer], bound: { kind: 'Secret', ...secret } }));
  }

  #claims({ namespace, account, audiences, bound }: Omit<TokenOrder, 'lifeMs'>): Claims {
    const now = Math.floor(this.#clock.now() / 1_000);
    return {
      aud: audiences.length > 0 ? audiences : [issuer],
      iat: now,
      iss: issuer,
      jti: randomUUID(),
      'kubernetes.io': {
        namespace,
        serviceaccount: account,
        ...(bound && { [bound.kind.toLowerCase()]: { name: bound.name, uid: bound.uid } }),
      },
      nbf: now,
      sub: accountUserName(namespace, account.name),
    };
  }

  /** Whose token this is, if it is good now and for one of these audiences. */
  bearerOf(token: string, wanted: readonly string[] = [issuer]): TokenBearer | undefined {
    const claims = this.#signer.read(token);
    if (claims === undefined || claims['iss'] !== issuer) return undefined;
    const given = [claims['aud'] ?? []].flat() as unknown[];
    const audiences = wanted.filter((each) => given.includes(each));
    // What this key has signed has the form that it was signed in.
    const account = claims['kubernetes.io'] as AccountClaim;
    if (audiences.length === 0 || !this.#isInTime(claims, account) || !this.#isAlive(account)) return undefined;
    return { user: userOf(account, claims['jti'] as string), audiences };
  }

  /** Only a token that is kept in a Secret is without end. */
  #isInTime({ exp, nbf }: Claims, { secret }: AccountClaim): boolean {
    const now = this.#clock.now() / 1_000;
    const isOver = exp === undefined ? secret === undefined : typeof exp !== 'number' || now >= exp;
    return !isOver && typeof nbf === 'number' && now >= nbf - 60;
  }

  #isAlive(claim: AccountClaim): boolean {
    const { namespace, serviceaccount } = claim;
    if (!this.#exists('serviceaccounts', namespace, serviceaccount)) return false;
    return (['pod', 'secret', 'node'] as const).every((kind) => {
      const bound = claim[kind];
      return bound === undefined || this.#exists(boundKinds[kind], kind === 'node' ? '' : namespace, bound);
    });
  }

  #exists(resource: string, namespace: string, { name, uid }: Reference): boolean {
    const object = this.#store.get<KubeObject>(resource, namespace, name);
    if (object?.metadata.uid !== uid) return false;
    const { deletionTimestamp } = object.metadata;
    return deletionTimestamp === undefined || Date.parse(deletionTimestamp) + deletionLeewayMs > this.#clock.now();
  }
}

function userOf({ namespace, serviceaccount, pod, node }: AccountClaim, id: string): User {
  const prefix = 'authentication.kubernetes.io';
  return {
    name: accountUserName(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: accountGroups(namespace),
    extra: {
      [`${prefix}/credential-id`]: [`JTI=${id}`],
      ...(node && { [`${prefix}/node-name`]: [node.name], [`${prefix}/node-uid`]: [node.uid] }),
      ...(pod && { [`${prefix}/pod-name`]: [pod.name], [`${prefix}/pod-uid`]: [pod.uid] }),
    },
  };
}
