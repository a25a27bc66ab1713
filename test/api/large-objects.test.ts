import assert from 'node:assert/strict';
import { textOf } from '../../controller/api/verbs/event-text.ts';
import type { ConfigMap, KubeObject } from '../../shared/objects/types.ts';
import { ApiHarness } from './harness.ts';
import { configMapManifest } from './manifests.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const data = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`key-${at}`, 'value']));

describe('large objects', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start();
    await api.call('POST', maps, { body: configMapManifest('large', data) });
  });
  after(() => api.stop());

  const stored = (): { data?: object } | undefined =>
    api.store.get<KubeObject & ConfigMap>('configmaps', 'default', 'large');
  const metadata = { labels: { a: 'b' } };
  const patches: [type: string, body: object][] = [
    ['application/merge-patch+json', { metadata }],
    ['application/strategic-merge-patch+json', { metadata: { labels: { c: 'd' } } }],
    ['application/apply-patch+yaml', { ...configMapManifest('large', {}), data: undefined, metadata }],
  ];
  for (const [type, body] of patches) {
    it(`keep what a patch leaves alone without a copy: ${type}`, async () => {
      const before = stored()?.data;
      const { version } = api.store;
      const headers = { 'content-type': type };
      const { code, text } = await api.call('PATCH', `${maps}/large?fieldManager=m`, { body, headers });
      assert.equal(code, 200, text);
      assert.ok(api.store.version > version, 'nothing was stored');
      assert.equal(stored()?.data, before);
    });
  }

  it('are written once for all their watchers', () => {
    let reads = 0;
    const large = Object.freeze({
      get data() {
        reads += 1;
        return data;
      },
      padding: 'x'.repeat(1_500_000),
    });
    const texts = Array.from({ length: 50 }, () => textOf(large));
    assert.equal(new Set(texts).size, 1);
    assert.equal(reads, 1);
  });

  it('make room for each other when they are watched', () => {
    let reads = 0;
    const counted = (): object =>
      Object.freeze({
        get padding() {
          reads += 1;
          return 'x'.repeat(1_500_000);
        },
      });
    const [first, second] = [counted(), counted()];
    for (const object of [first, second, second, first]) textOf(object);
    assert.equal(reads, 3);
  });
});
