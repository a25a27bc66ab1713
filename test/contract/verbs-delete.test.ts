import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type CallOptions, type Json } from '../api/harness.ts';
import { configMapManifest, deploymentManifest, podManifest } from '../api/manifests.ts';
import { WatchReader } from '../api/watch-reader.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';
const merge = { headers: { 'content-type': 'application/merge-patch+json' } };

describe('contract: DELETE', () => {
  let api: ApiHarness;
  let clock: ManualClock;

  beforeEach(async () => {
    clock = new ManualClock();
    api = await ApiHarness.start({ clock });
  });
  afterEach(() => api.stop());

  const ok = async (method: string, path: string, options: CallOptions = {}, code = 200): Promise<Json> => {
    const answer = await api.call(method, path, options);
    assert.equal(answer.code, code, `${method} ${path}: ${answer.text}`);
    return answer.json;
  };
  const make = (path: string, body: unknown): Promise<Json> => ok('POST', path, { body }, 201);
  const remove = (path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    api.call('DELETE', path, { ...(body !== undefined && { body }), headers });

  const bodies: [string, unknown, string?][] = [
    ['no body', undefined],
    ['an empty one', ''],
    ['an empty object', {}],
    ['options without a kind', { propagationPolicy: 'Background' }],
    ['options of kubectl', { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy: 'Background' }],
    ['options in the group of the resource', { kind: 'DeleteOptions', apiVersion: 'apps/v1' }],
    ['options with nulls', { gracePeriodSeconds: null, preconditions: null, dryRun: null }],
    ['options that nobody knows yet', { ignoreStoreReadErrorWithClusterBreakingPotential: false, more: 1 }],
    ['options in YAML', 'kind: DeleteOptions\napiVersion: v1\npropagationPolicy: Background\n', 'application/yaml'],
  ];
  for (const [name, body, type = 'application/json'] of bodies)
    it(`answers a Status with the uid: ${name}`, async () => {
      const { uid } = (await make(deployments, deploymentManifest('web'))).metadata;
      const { code, json } = await remove(`${deployments}/web`, body, { 'content-type': type });
      const details = { name: 'web', group: 'apps', kind: 'deployments', uid };
      const expected = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
      assert.deepEqual([code, json], [200, expected]);
    });

  for (const body of ['{', { kind: 'Pod', apiVersion: 'v1' }, { gracePeriodSeconds: 'soon' }])
    it(`deletes nothing for a body that is none of that: ${JSON.stringify(body)}`, async () => {
      await make(maps, configMapManifest('a'));
      assert.equal((await remove(`${maps}/a`, body)).code, 400);
      await ok('GET', `${maps}/a`);
    });

  describe('preconditions', () => {
    it('hold the object that is meant', async () => {
      const { uid, resourceVersion } = (await make(maps, configMapManifest('a'))).metadata;
      const start = 'Operation cannot be fulfilled on configmaps "a": Precondition failed:';
      const rows: [object, string][] = [
        [{ uid: 'u' }, `${start} UID in precondition: u, UID in object meta: ${uid}`],
        [
          { uid, resourceVersion: '1' },
          `${start} ResourceVersion in precondition: 1, ResourceVersion in object meta: ${resourceVersion}`,
        ],
      ];
      for (const [preconditions, message] of rows) {
        const { code, json } = await remove(`${maps}/a`, { preconditions });
        assert.deepEqual([code, json.reason, json.message], [409, 'Conflict', message]);
      }
      assert.equal((await remove(`${maps}/a`, { preconditions: { uid, resourceVersion } })).code, 200);
    });
  });

  describe('what becomes of dependents', () => {
    const held: [string, string, unknown, string][] = [
      ['Foreground in the body', '', { propagationPolicy: 'Foreground' }, 'foregroundDeletion'],
      ['Foreground in the query', '?propagationPolicy=Foreground', undefined, 'foregroundDeletion'],
      ['Orphan', '', { propagationPolicy: 'Orphan' }, 'orphan'],
      ['orphanDependents in the body', '', { orphanDependents: true }, 'orphan'],
      ['orphanDependents in the query', '?orphanDependents=true', undefined, 'orphan'],
    ];
    for (const [name, query, body, finalizer] of held)
      it(`holds the object until it is done: ${name}`, async () => {
        await make(deployments, deploymentManifest('web'));
        const { code, json } = await remove(`${deployments}/web${query}`, body);
        assert.deepEqual([code, json.kind, json.metadata.finalizers], [200, 'Deployment', [finalizer]]);
        assert.ok(json.metadata.deletionTimestamp);
        assert.equal(json.metadata.deletionGracePeriodSeconds, 0);
        assert.deepEqual(await ok('GET', `${deployments}/web`), json);
      });

    for (const [query, body] of [
      ['?orphanDependents=false', undefined],
      ['', { orphanDependents: false }],
    ] as const)
      it(`removes it at once: ${query}${JSON.stringify(body) ?? ''}`, async () => {
        await make(deployments, deploymentManifest('web'));
        assert.equal((await remove(`${deployments}/web${query}`, body)).json.kind, 'Status');
      });

    it('may be decided anew', async () => {
      await make(deployments, deploymentManifest('web'));
      await remove(`${deployments}/web`, { propagationPolicy: 'Foreground' });
      const { json } = await remove(`${deployments}/web`, { propagationPolicy: 'Orphan' });
      assert.deepEqual(json.metadata.finalizers, ['orphan']);
    });
  });

  describe('finalizers', () => {
    const finalizers = ['example.com/hold'];
    beforeEach(() => make(maps, { ...configMapManifest('a'), metadata: { name: 'a', finalizers } }));

    it('keep the object, and say so to who watches; the last one that goes takes it along', async () => {
      const reader = await WatchReader.open(api, `${maps}?watch=1`);
      assert.deepEqual(await reader.take(1), ['ADDED a']);
      const { json } = await remove(`${maps}/a`);
      assert.deepEqual([json.kind, json.metadata.finalizers], ['ConfigMap', finalizers]);
      const marked = await reader.next();
      assert.deepEqual([marked.type, marked.object], ['MODIFIED', json]);
      await ok('PATCH', `${maps}/a`, { body: { metadata: { finalizers: null } }, ...merge });
      const [left] = await reader.take(1);
      assert.equal(left, 'DELETED a');
      await ok('GET', `${maps}/a`, {}, 404);
      reader.close();
    });

    it('go by PUT as well', async () => {
      const { json } = await remove(`${maps}/a`);
      await ok('PUT', `${maps}/a`, { body: { ...json, metadata: { ...json.metadata, finalizers: [] } } });
      await ok('GET', `${maps}/a`, {}, 404);
    });

    it('let a second DELETE change nothing', async () => {
      const { json: first } = await remove(`${maps}/a`);
      await clock.advance(5_000);
      assert.deepEqual((await remove(`${maps}/a`)).json, first);
    });

    it('may not be added any more', async () => {
      await remove(`${maps}/a`);
      const body = { metadata: { finalizers: [...finalizers, 'example.com/more'] } };
      const { json } = { json: await ok('PATCH', `${maps}/a`, { body, ...merge }, 422) };
      assert.match(
        json.message,
        /metadata\.finalizers: Forbidden: no new finalizers can be added if the object is being deleted/,
      );
    });

    it('do not let the deletion be taken back', async () => {
      await remove(`${maps}/a`);
      const body = { metadata: { deletionTimestamp: null, deletionGracePeriodSeconds: null }, data: { k: 'v' } };
      assert.ok((await ok('PATCH', `${maps}/a`, { body, ...merge })).metadata.deletionTimestamp);
    });
  });

  describe('grace of a pod on a node', () => {
    beforeEach(async () => {
      await make(pods, podManifest('p'));
      const target = { kind: 'Node', name: 'n' };
      await make(`${pods}/p/binding`, { kind: 'Binding', apiVersion: 'v1', metadata: { name: 'p' }, target });
    });
    const graceOf = ({ json }: Answer): [number, number] => {
      const { deletionGracePeriodSeconds, deletionTimestamp } = json.metadata;
      return [deletionGracePeriodSeconds, Math.round((Date.parse(deletionTimestamp) - clock.now()) / 1_000)];
    };

    it('is what its spec says', async () => assert.deepEqual(graceOf(await remove(`${pods}/p`)), [30, 30]));

    it('is what the query or the body says', async () => {
      assert.deepEqual(graceOf(await remove(`${pods}/p?gracePeriodSeconds=9`)), [9, 9]);
      assert.deepEqual(graceOf(await remove(`${pods}/p`, { gracePeriodSeconds: 7 })), [7, 7]);
    });

    it('becomes shorter by a second DELETE, and never longer', async () => {
      await remove(`${pods}/p?gracePeriodSeconds=20`);
      assert.deepEqual(graceOf(await remove(`${pods}/p?gracePeriodSeconds=60`)), [20, 20]);
      assert.deepEqual(graceOf(await remove(`${pods}/p`)), [20, 20]);
      assert.deepEqual(graceOf(await remove(`${pods}/p?gracePeriodSeconds=5`)), [5, 5]);
    });

    it('of 0 removes it at once', async () => {
      await remove(`${pods}/p`);
      await remove(`${pods}/p`, { gracePeriodSeconds: 0 });
      await ok('GET', `${pods}/p`, {}, 404);
    });

    it('is shown by a dry run, and not begun', async () => {
      assert.deepEqual(graceOf(await remove(`${pods}/p?dryRun=All`)), [30, 30]);
      assert.equal((await ok('GET', `${pods}/p`)).metadata.deletionTimestamp, undefined);
    });
  });
});
