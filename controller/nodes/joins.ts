import { checkJoin, type JoinReply, type JoinRequest, type RenewReply } from '../../shared/bus/join-token.ts';
import { ApiError, hasReason } from '../../shared/errors.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { KubeObject, Secret } from '../../shared/objects/types.ts';
import type { Store } from '../store/store.ts';
import type { JoinTokens } from './join-tokens.ts';
import type { BusAuthority } from './jwt.ts';

interface Deps {
  store: Store;
  authority: BusAuthority;
  tokens: JoinTokens;
  /** Voids the credentials of a key that lost its name. */
  revoke: (publicKey: string) => Promise<void>;
  clusterId: string;
  clock: Clock;
  log: Logger;
}

type SecretObject = KubeObject & Secret;

const namespace = 'kube-system';
const type = 'berth.dev/node-key';
/** Whoever has a token may ask so often: a burst, and then some each second. */
const rate = { burst: 100, perSecond: 20 };

/**
 * Lets machines in. A node's name belongs to the key that joined under it; whoever deletes the Node object gives the
 * name free for another machine with a token.
 */
export class Joins {
  readonly #deps: Deps;
  /** One join at a time: two machines with one name must not both find it free. */
  #turn: Promise<unknown> = Promise.resolve();
  /** When the next request would be due if all came at the slow pace. */
  #due = 0;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** `tokenId` is the token whose bearer asks. */
  join(tokenId: string, body: unknown): Promise<JoinReply> {
    this.#checkRate();
    const request = checkJoin(body);
    if (request.id !== tokenId) throw new ApiError('Forbidden', 'this is not the token that the request came with');
    const joined = this.#turn.then(() => this.#join(request));
    this.#turn = joined.catch(() => undefined);
    return joined;
  }

  /** A new credential for the key that the node joined with. Throws Forbidden when it has to join again. */
  async renew(node: string): Promise<RenewReply> {
    const publicKey = this.#keyOf(node);
    if (publicKey === undefined) {
      throw new ApiError('Forbidden', `node "${node}" is not a member of this cluster: it must join with a token`);
    }
    return { jwt: await this.#deps.authority.issueNode(node, publicKey) };
  }

  /** The node is a member now: from here on its key goes with its Node object. */
  async registered(node: string): Promise<void> {
    const { store } = this.#deps;
    const secret = store.get<SecretObject>('secrets', namespace, secretName(node));
    if (secret?.type !== type || secret.data?.['registered'] !== undefined) return;
    const data = { registered: Buffer.from('true').toString('base64') };
    await store.modify<SecretObject>('secrets', namespace, secretName(node), (current) => ({
      ...current,
      data: { ...current.data, ...data },
    }));
  }

  /**
   * Locks out all whose Node object is gone: what was issued to their key is void and their connections are cut; the key
   * never joins again, a machine with a new token and a new key may. Call it at the start and when a Node was deleted.
   */
  async expelDeleted(): Promise<void> {
    const { store, revoke, log } = this.#deps;
    const { items } = store.list<SecretObject>('secrets', { namespace });
    for (const { metadata, type: found, data = {} } of items) {
      const node = metadata.name.slice(secretPrefix.length);
      const isMember = found === type && metadata.name.startsWith(secretPrefix) && data['registered'] !== undefined;
      if (!isMember || store.get('nodes', '', node) !== undefined) continue;
      await revoke(decode(data['publicKey']));
      await store.remove('secrets', namespace, metadata.name).catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error;
      });
      log.info('node locked out: its Node object was deleted', { node });
    }
  }

  #checkRate(): void {
    const now = this.#deps.clock.monotonic();
    const due = Math.max(this.#due, now - (rate.burst * 1000) / rate.perSecond) + 1000 / rate.perSecond;
    if (due > now) throw new ApiError('TooManyRequests', 'too many machines ask to join at once: try again');
    // Refused ones do not count: a flood would keep machines out long after its end.
    this.#due = due;
  }

  async #join({ id, secret, node, publicKey }: JoinRequest): Promise<JoinReply> {
    const { store, authority, tokens, clusterId, log } = this.#deps;
    tokens.check(id, secret);
    if (authority.isRevoked(publicKey)) {
      throw new ApiError('Expired', 'this key was revoked: a node that was deleted needs a new one');
    }
    const known = this.#keyOf(node);
    // The same key again: its first answer was lost, or the node was set up anew. That costs no use.
    if (known !== publicKey) {
      if (known !== undefined && store.get('nodes', '', node) !== undefined) {
        const remedy = `join under another name, or delete the node first: berth delete node ${node}`;
        throw new ApiError('Conflict', `a machine with another key is node "${node}": ${remedy}`);
      }
      await tokens.use(id);
      await this.#keepKey(node, publicKey);
      if (known !== undefined) await this.#deps.revoke(known);
      log.info('node joined', { node, token: id });
    }
    const [jwt, renewalJwt] = await Promise.all([
      authority.issueNode(node, publicKey),
      authority.issueRenewal(node, publicKey),
    ]);
    return { jwt, renewalJwt, clusterId };
  }

  #keyOf(node: string): string | undefined {
    const kept = this.#deps.store.get<SecretObject>('secrets', namespace, secretName(node));
    const encoded = kept?.type === type ? kept.data?.['publicKey'] : undefined;
    return encoded === undefined ? undefined : decode(encoded);
  }

  async #keepKey(node: string, publicKey: string): Promise<void> {
    const { store } = this.#deps;
    const name = secretName(node);
    const data = { publicKey: Buffer.from(publicKey).toString('base64') };
    if (store.get('secrets', namespace, name) !== undefined) {
      await store.modify<SecretObject>('secrets', namespace, name, (secret) => ({ ...secret, data }));
      return;
    }
    await store.create<SecretObject>('secrets', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace },
      type,
      data,
    });
  }
}

const secretPrefix = 'node-key-';

function secretName(node: string): string {
  return `${secretPrefix}${node}`;
}

function decode(encoded = ''): string {
  return Buffer.from(encoded, 'base64').toString();
}
