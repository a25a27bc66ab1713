import { checkJoin, type JoinReply, type JoinRequest, type RenewReply } from '../../shared/bus/join-token.ts';
import { ApiError } from '../../shared/errors.ts';
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
  log: Logger;
}

type SecretObject = KubeObject & Secret;

const namespace = 'kube-system';
const type = 'berth.dev/node-key';

/**
 * Lets machines in. A node's name belongs to the key that joined under it; whoever deletes the Node object gives the
 * name free for another machine with a token.
 */
export class Joins {
  readonly #deps: Deps;
  /** One join at a time: two machines with one name must not both find it free. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** `tokenId` is the token whose bearer asks. */
  join(tokenId: string, body: unknown): Promise<JoinReply> {
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

  async #join({ id, secret, node, publicKey }: JoinRequest): Promise<JoinReply> {
    const { store, authority, tokens, clusterId, log } = this.#deps;
    tokens.check(id, secret);
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
    return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString();
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

function secretName(node: string): string {
  return `node-key-${node}`;
}
