import assert from 'node:assert/strict';
import { desiredItems, diffItems, namedBy, splitItems } from '../../controller/nodes/desired.ts';
import type { KubeObject, PodSpec } from '../../shared/objects/types.ts';
import { aPod } from '../objects.ts';

function named(kind: string, name: string, fields: object = {}): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace: 'default' }, ...fields };
}

describe('desiredItems', () => {
  const spec: Partial<PodSpec> = {
    serviceAccountName: 'robot',
    imagePullSecrets: [{ name: 'own-pull' }],
    volumes: [
      { name: 'a', configMap: { name: 'volume-map' } },
      { name: 'b', secret: { secretName: 'volume-secret' } },
      {
        name: 'c',
        projected: {
          sources: [
            { configMap: { name: 'projected-map' } },
            { secret: { name: 'projected-secret' } },
            { serviceAccountToken: { path: 'token' } },
          ],
        },
      },
    ],
    initContainers: [{ name: 'i', image: 'x', envFrom: [{ secretRef: { name: 'from-secret' } }] }],
    containers: [
      {
        name: 'main',
        image: 'x',
        env: [
          { name: 'A', valueFrom: { configMapKeyRef: { name: 'env-map', key: 'a' } } },
          { name: 'B', valueFrom: { secretKeyRef: { name: 'env-secret', key: 'b' } } },
        ],
        envFrom: [{ configMapRef: { name: 'from-map' } }],
      },
    ],
  };
  const pod = aPod();
  Object.assign(pod.spec ?? {}, spec);
  const account = named('ServiceAccount', 'robot', { imagePullSecrets: [{ name: 'account-pull' }] });
  const objects = new Map<string, KubeObject>([['serviceaccounts/default/robot', account]]);

  it('finds all that a pod names, its account and what that names', () => {
    assert.deepEqual(
      [...namedBy(pod, (key) => objects.get(key))].sort(),
      [
        'configmaps/default/env-map',
        'configmaps/default/from-map',
        'configmaps/default/projected-map',
        'configmaps/default/volume-map',
        'endpoints/default/kubernetes',
        'secrets/default/account-pull',
        'secrets/default/env-secret',
        'secrets/default/from-secret',
        'secrets/default/own-pull',
        'secrets/default/projected-secret',
        'secrets/default/volume-secret',
        'serviceaccounts/default/robot',
        `tokens/default/${pod.metadata.name}`,
      ].sort(),
    );
  });

  it('holds what is there, and remembers what is not there yet', () => {
    const { items, named: keys } = desiredItems([pod], (key) => objects.get(key));
    assert.deepEqual([...items.keys()], ['pods/default/web', 'serviceaccounts/default/robot']);
    assert.ok(keys.has('secrets/default/env-secret'));
  });
});

describe('diffItems', () => {
  const pod = aPod();
  const before = new Map<string, KubeObject>([['pods/default/web', pod]]);

  it('does not send a pod back whose status alone changed', () => {
    const after = { ...pod, metadata: { ...pod.metadata, resourceVersion: '9' }, status: { phase: 'Running' } };
    assert.deepEqual(diffItems(before, new Map([['pods/default/web', after]])), { set: [], remove: [] });
  });

  it('sends a pod that is being deleted, and one with other labels', () => {
    for (const change of [{ deletionTimestamp: '2026-01-01T00:00:00Z' }, { labels: { a: 'b' } }]) {
      const after = { ...pod, metadata: { ...pod.metadata, ...change } };
      assert.equal(diffItems(before, new Map([['pods/default/web', after]])).set.length, 1);
    }
  });

  it('sends a pod whose readiness gate was turned by somebody else, and no other condition of it', () => {
    const readinessGates = [{ conditionType: 'example.com/open' }];
    const gated = (...conditions: { type: string; status: string }[]): KubeObject =>
      ({ ...pod, spec: { ...pod.spec, readinessGates }, status: { conditions } }) as KubeObject;
    const closed = new Map([['pods/default/web', gated({ type: 'Ready', status: 'False' })]]);
    const sent = (after: KubeObject): number => diffItems(closed, new Map([['pods/default/web', after]])).set.length;
    assert.equal(sent(gated({ type: 'Ready', status: 'True' }, { type: 'Other', status: 'True' })), 0);
    assert.equal(sent(gated({ type: 'Ready', status: 'False' }, { type: 'example.com/open', status: 'True' })), 1);
  });

  it('leaves out field management, which is of no use to a node', () => {
    const managed = { ...pod, metadata: { ...pod.metadata, managedFields: [{ manager: 'x' }] } };
    const [item] = diffItems(new Map(), new Map([['pods/default/web', managed]])).set;
    assert.ok(item && !('managedFields' in item.object.metadata));
  });

  it('names what is no longer wanted', () => {
    assert.deepEqual(diffItems(before, new Map()), { set: [], remove: ['pods/default/web'] });
  });
});

describe('splitItems', () => {
  it('keeps parts below the limit, order and all items', () => {
    const items = ['a'.repeat(100), 'b'.repeat(700), 'c'.repeat(100), 'd'.repeat(100)].map((name) => ({
      key: name,
      object: named('ConfigMap', name.slice(0, 3)),
    }));
    const parts = splitItems(items, 500);
    assert.deepEqual(parts.flat(), items);
    assert.deepEqual(
      parts.map((part) => part.length),
      [1, 1, 2],
    );
    assert.deepEqual(splitItems([], 500), []);
  });
});
