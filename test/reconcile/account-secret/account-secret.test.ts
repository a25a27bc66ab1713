import assert from 'node:assert/strict';
import { planSecret } from '../../../controller/reconcile/account-secret/plan.ts';
import { AccountSecretReconciler } from '../../../controller/reconcile/account-secret/reconciler.ts';
import { EventRecorder } from '../../../controller/store/event-recorder.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { KubeObject, Secret } from '../../../shared/objects/types.ts';
import { Cluster } from '../cluster.ts';

const decode = (text = ''): string => Buffer.from(text, 'base64').toString();

function aSecret(name: string, data?: Record<string, string>): KubeObject & Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default', annotations: { 'kubernetes.io/service-account.name': 'robot' } },
    type: 'kubernetes.io/service-account-token',
    ...(data && { data }),
  };
}

describe('Secrets with tokens of accounts', () => {
  const plan = (secret: KubeObject & Secret, uid?: string) => planSecret(secret, uid, 'PEM', () => 'fresh');

  it('are filled once, and a token that somebody put in is replaced', () => {
    const filled = plan(aSecret('s', { token: 'Zm9yZWlnbg==', more: 'bW9yZQ==' }), 'u1');
    assert.ok(typeof filled !== 'string');
    const texts = Object.entries(filled.data ?? {}).map(([key, value]) => [key, decode(value)]);
    const expected = { 'ca.crt': 'PEM', more: 'more', namespace: 'default', token: 'fresh' };
    assert.deepEqual(Object.fromEntries(texts), expected);
    assert.equal(plan(filled, 'u1'), 'keep');
  });

  it('wait for their account, and go with it', () => {
    assert.equal(plan(aSecret('s')), 'keep');
    const filled = plan(aSecret('s'), 'u1');
    assert.ok(typeof filled !== 'string');
    assert.equal(plan(filled), 'remove');
    assert.equal(plan(filled, 'u2'), 'remove');
  });

  it('follow their account in the store', async () => {
    const cluster = await Cluster.start(0);
    try {
      const { store, clock, scope } = cluster;
      const events = new EventRecorder({ store, clock, log: silentLogger });
      const credentials = { authority: 'PEM', issueLasting: (order: object) => JSON.stringify(order) };
      const deps = { store, clock, log: silentLogger, events, random: () => 0 };
      new AccountSecretReconciler(deps, credentials).run(scope.child('secrets'));
      const secret = () => store.get<KubeObject & Secret>('secrets', 'default', 'robot-token');
      await store.create('secrets', aSecret('robot-token'));
      const metadata: KubeObject['metadata'] = { name: 'robot', namespace: 'default' };
      const account = await store.create('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
      await cluster.until('the token is there', () => secret()?.data?.token !== undefined);
      assert.deepEqual(JSON.parse(decode(secret()?.data?.token)), {
        namespace: 'default',
        account: { name: 'robot', uid: account.metadata.uid },
        secret: { name: 'robot-token', uid: secret()?.metadata.uid },
      });
      await store.remove('serviceaccounts', 'default', 'robot');
      await cluster.until('the Secret is gone', () => secret() === undefined);
    } finally {
      await cluster.stop();
    }
  });
});
