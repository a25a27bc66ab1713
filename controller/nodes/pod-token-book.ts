import type { Clock } from '../../shared/clock.ts';
import { defaultTokenSeconds, tokenKey, tokenSources, type PodTokens } from '../../shared/objects/pod-tokens.ts';
import type { KubeObject, ServiceAccount } from '../../shared/objects/types.ts';
import type { Store } from '../store/store.ts';
import type { PodObject } from './desired.ts';

/** Gives out tokens of ServiceAccounts that are good as long as a pod. */
export interface TokenIssuer {
  /** Without audiences: for the API. `expiresAt` is in milliseconds since the epoch. */
  issue(order: {
    namespace: string;
    account: { name: string; uid: string };
    audiences: readonly string[];
    lifeMs: number;
    bound: { kind: 'Pod'; name: string; uid: string };
  }): { token: string; expiresAt: number };
}

interface Page {
  object: PodTokens;
  account: string;
  /** When the first of the tokens is to be replaced. */
  renewAt: number;
}

const day = 24 * 3_600_000;

/** The tokens that pods on nodes have, each replaced when four fifths of its life, or a day, are over. */
export class PodTokenBook {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #issuer: TokenIssuer;
  /** By uid of the pod. */
  readonly #pages = new Map<string, Page>();

  constructor({ store, clock, issuer }: { store: Store; clock: Clock; issuer: TokenIssuer }) {
    this.#store = store;
    this.#clock = clock;
    this.#issuer = issuer;
  }

  /** The same object until something in it is replaced; undefined when the pod asks for none, or has no account yet. */
  tokensOf(pod: PodObject | undefined): PodTokens | undefined {
    const { namespace = '', name, uid = '' } = pod?.metadata ?? {};
    const isOver = pod?.status?.phase === 'Succeeded' || pod?.status?.phase === 'Failed';
    if (pod === undefined || name === undefined || isOver || tokenSources(pod.spec).length === 0) return undefined;
    const accountName = pod.spec?.serviceAccountName ?? 'default';
    const account = this.#store.get<KubeObject & ServiceAccount>('serviceaccounts', namespace, accountName);
    if (account?.metadata.uid === undefined) return undefined;
    const page = this.#pages.get(uid);
    if (page?.account === account.metadata.uid && this.#clock.now() < page.renewAt) return page.object;
    const fresh = this.#issue(pod, { name: accountName, uid: account.metadata.uid });
    this.#pages.set(uid, fresh);
    return fresh.object;
  }

  forget(podUid: string | undefined): void {
    if (podUid !== undefined) this.#pages.delete(podUid);
  }

  forgetAll(): void {
    this.#pages.clear();
  }

  #issue({ metadata, spec }: PodObject, account: { name: string; uid: string }): Page {
    const { namespace = '', name, uid = '' } = metadata;
    const now = this.#clock.now();
    let renewAt = now + day;
    const tokens: Record<string, string> = {};
    for (const source of tokenSources(spec)) {
      const { audience, expirationSeconds = defaultTokenSeconds } = source;
      const lifeMs = expirationSeconds * 1_000;
      const bound = { kind: 'Pod', name, uid } as const;
      const audiences = audience ? [audience] : [];
      const { token, expiresAt } = this.#issuer.issue({ namespace, account, audiences, lifeMs, bound });
      tokens[tokenKey(source)] = token;
      renewAt = Math.min(renewAt, now + ((expiresAt - now) * 4) / 5);
    }
    const object = { apiVersion: 'v1', kind: 'PodTokens', metadata: { name, namespace, uid }, tokens };
    return { object, account: account.uid, renewAt };
  }
}
