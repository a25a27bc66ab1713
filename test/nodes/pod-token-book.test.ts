import assert from 'node:assert/strict';
import { PodTokenBook } from '../../controller/nodes/pod-token-book.ts';
import { openStore } from '../../controller/store/cached-store.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { Store } from '../../controller/store/store.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { aPod } from '../objects.ts';

describe('tokens of pods', () => {
  const clock = new ManualClock();
  let state: StateStore;
  let store: Store;
  let book: PodTokenBook;
  let issued: { audiences: readonly string[]; lifeMs: number; bound: { uid: string } }[];

  beforeEach(async () => {
    state = await openSqliteStore(':memory:');
    store = await openStore(state, clock);
    issued = [];
    const issuer = {
      issue: (order: (typeof issued)[number]) => {
        issued.push(order);
        return { token: `token ${issued.length}`, expiresAt: clock.now() + order.lifeMs };
      },
    };
    book = new PodTokenBook({ store, clock, issuer });
    await addAccount();
  });
  afterEach(() => state.close());

  const addAccount = (): Promise<KubeObject> =>
    store.create('serviceaccounts', {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: 'default' },
    });
  const pod = aPod();
  const sources = [
    { serviceAccountToken: { path: 'a', expirationSeconds: 1_000 } },
    { serviceAccountToken: { path: 'b', expirationSeconds: 7_200, audience: 'mail' } },
  ];
  Object.assign(pod.spec ?? {}, { volumes: [{ name: 'v', projected: { sources } }] });

  it('are issued for what the volumes ask, bound to the pod, and kept', () => {
    const first = book.tokensOf(pod);
    assert.deepEqual(first?.tokens, { '1000 ': 'token 1', '7200 mail': 'token 2' });
    assert.deepEqual(
      issued.map(({ audiences, lifeMs, bound }) => [audiences, lifeMs, bound.uid]),
      [
        [[], 1_000_000, pod.metadata.uid],
        [['mail'], 7_200_000, pod.metadata.uid],
      ],
    );
    assert.equal(book.tokensOf(pod), first);
  });

  it('are replaced before the first of them ends', async () => {
    const first = book.tokensOf(pod);
    await clock.advance(799_000);
    assert.equal(book.tokensOf(pod), first);
    await clock.advance(1_000);
    assert.deepEqual(book.tokensOf(pod)?.tokens, { '1000 ': 'token 3', '7200 mail': 'token 4' });
  });

  it('are replaced when the account is another', async () => {
    book.tokensOf(pod);
    await store.remove('serviceaccounts', 'default', 'default');
    assert.equal(book.tokensOf(pod), undefined);
    await addAccount();
    assert.equal(book.tokensOf(pod)?.tokens['1000 '], 'token 3');
  });

  it('are not for pods that ask for none, or are over', () => {
    assert.equal(book.tokensOf(undefined), undefined);
    assert.equal(book.tokensOf(aPod()), undefined);
    assert.equal(book.tokensOf({ ...pod, status: { phase: 'Succeeded' } }), undefined);
    assert.deepEqual(issued, []);
  });
});
