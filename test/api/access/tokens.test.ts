import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { AccountTokens, issuer } from '../../../controller/api/access/tokens/account-tokens.ts';
import { TokenSigner } from '../../../controller/api/access/tokens/signed-token.ts';
import { openStore } from '../../../controller/store/cached-store.ts';
import { openSqliteStore } from '../../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../../controller/store/state-store.ts';
import type { Store } from '../../../controller/store/store.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

const newKey = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('tokens of ServiceAccounts', () => {
  const key = newKey();
  const clock = new ManualClock();
  let state: StateStore;
  let store: Store;
  let tokens: AccountTokens;

  beforeEach(async () => {
    state = await openSqliteStore(':memory:');
    store = await openStore(state, clock);
    tokens = new AccountTokens({ store, clock, key });
  });
  afterEach(() => state.close());

  const anObject = async (resource: string, kind: string, name: string): Promise<{ name: string; uid: string }> => {
    const object: KubeObject = { apiVersion: 'v1', kind, metadata: { name, namespace: 'default' } };
    const { metadata } = await store.create(resource, object);
    return { name, uid: metadata.uid ?? '' };
  };
  const anAccount = () => anObject('serviceaccounts', 'ServiceAccount', 'robot');
  const order = { namespace: 'default', audiences: [issuer], lifeMs: 600_000 };

  it('prove the account, its groups, and what they are bound to', async () => {
    const account = await anAccount();
    const pod = await anObject('pods', 'Pod', 'web');
    const { token } = tokens.issue({ ...order, account, bound: { kind: 'Pod', ...pod } });
    const { user } = tokens.bearerOf(token) ?? {};
    assert.equal(user?.name, 'system:serviceaccount:default:robot');
    assert.equal(user?.uid, account.uid);
    assert.deepEqual(user?.groups, ['system:serviceaccounts', 'system:serviceaccounts:default']);
    assert.deepEqual(user?.extra?.['authentication.kubernetes.io/pod-name'], ['web']);
  });

  it('end with their time', async () => {
    const { token, expiresAt } = tokens.issue({ ...order, account: await anAccount() });
    assert.equal(expiresAt, Math.floor(clock.now() / 1_000) * 1_000 + 600_000);
    await clock.advance(599_000);
    assert.ok(tokens.bearerOf(token));
    await clock.advance(1_000);
    assert.equal(tokens.bearerOf(token), undefined);
  });

  it('end with their account, also when another of the same name follows', async () => {
    const { token } = tokens.issue({ ...order, account: await anAccount() });
    await store.remove('serviceaccounts', 'default', 'robot');
    assert.equal(tokens.bearerOf(token), undefined);
    await anAccount();
    assert.equal(tokens.bearerOf(token), undefined);
  });

  it('end with the object they are bound to', async () => {
    const account = await anAccount();
    for (const [kind, resource] of [
      ['Pod', 'pods'],
      ['Secret', 'secrets'],
    ] as const) {
      const bound = { kind, ...(await anObject(resource, kind, 'it')) };
      const { token } = tokens.issue({ ...order, account, bound });
      assert.ok(tokens.bearerOf(token), kind);
      await store.remove(resource, 'default', 'it');
      await anObject(resource, kind, 'it');
      assert.equal(tokens.bearerOf(token), undefined, kind);
    }
  });

  it('without an end are those of Secrets, and end with them', async () => {
    const account = await anAccount();
    const secret = await anObject('secrets', 'Secret', 'robot-token');
    const token = tokens.issueLasting({ namespace: 'default', account, secret });
    await clock.advance(400 * 24 * 3_600_000);
    assert.equal(tokens.bearerOf(token)?.user.name, 'system:serviceaccount:default:robot');
    await store.remove('secrets', 'default', 'robot-token');
    assert.equal(tokens.bearerOf(token), undefined);
  });

  it('are good for their audiences only', async () => {
    const { token } = tokens.issue({ ...order, account: await anAccount(), audiences: ['vault', 'mail'] });
    assert.equal(tokens.bearerOf(token), undefined);
    assert.deepEqual(tokens.bearerOf(token, ['mail', 'web'])?.audiences, ['mail']);
  });

  it('are known by another process with the same key, and to nobody with another', async () => {
    const { token } = tokens.issue({ ...order, account: await anAccount() });
    assert.ok(new AccountTokens({ store, clock, key }).bearerOf(token));
    assert.equal(new AccountTokens({ store, clock, key: newKey() }).bearerOf(token), undefined);
  });

  describe('that are forged', () => {
    const claims = { a: 1 };
    const good = new TokenSigner(key).sign(claims);
    const [header = '', payload = '', signature = ''] = good.split('.');
    const read = (token: string): unknown => new TokenSigner(key).read(token);

    it('are read only when nothing is changed', () => {
      assert.deepEqual(read(good), claims);
      const { privateKey } = { privateKey: newKey() };
      const byOther = new TokenSigner(privateKey).sign(claims);
      const none = encode({ alg: 'none' });
      const hmac = (secret: Buffer): string => {
        const content = `${encode({ alg: 'HS256' })}.${payload}`;
        return `${content}.${createHmac('sha256', secret).update(content).digest('base64url')}`;
      };
      const der = sign('sha256', Buffer.from(`${header}.${payload}`), key).toString('base64url');
      const hostile = [
        byOther,
        `${none}.${payload}.`,
        `${none}.${payload}.${signature}`,
        `${encode({ alg: 'NONE' })}.${payload}.${signature}`,
        `${encode({ alg: ['ES256'] })}.${payload}.${signature}`,
        hmac(Buffer.from(JSON.stringify(new TokenSigner(key).keySet))),
        `${header}.${payload}.${der}`,
        `${header}.${payload}.${'A'.repeat(86)}`,
        `${header}.${encode({ a: 2 })}.${signature}`,
        `${header}..${signature}`,
        `${header}.${payload}`,
        `${good}.`,
        `${good}.x`,
        `${good}=`,
        ` ${good}`,
        good.slice(0, -1),
        good.slice(1),
        `${'e'.repeat(64 * 1024)}.${payload}.${signature}`,
        `${header}.${'e'.repeat(64 * 1024)}.${signature}`,
        '',
        '..',
        '.'.repeat(64 * 1024),
      ];
      for (const token of hostile) assert.equal(read(token), undefined, token.slice(0, 200));
    });

    it('are never read after any change of one character', () => {
      const at = fc.nat(good.length - 2);
      const letters = 'ABCXYZabcxyz0189-_.='.split('');
      fc.assert(
        fc.property(at, fc.constantFrom(...letters), (index, letter) => {
          const changed = good.slice(0, index) + letter + good.slice(index + 1);
          if (changed !== good) assert.equal(read(changed), undefined);
        }),
      );
    });
  });
});
