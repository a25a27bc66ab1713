import assert from 'node:assert/strict';
import { DisruptionReconciler } from '../../controller/reconcile/disruption/reconciler.ts';
import { EventRecorder } from '../../controller/store/event-recorder.ts';
import { systemClock } from '../../shared/clock.ts';
import { silentLogger } from '../../shared/log.ts';
import type { KubeObject, Pod } from '../../shared/objects/types.ts';
import { Scope } from '../../shared/scope.ts';
import { aPod } from '../objects.ts';
import { until } from '../support/until.ts';
import { ApiHarness, type Answer, type Json } from './harness.ts';

type PodObject = KubeObject & Pod;

const budgetsPath = '/apis/policy/v1/namespaces/default/poddisruptionbudgets';
const podsPath = '/api/v1/namespaces/default/pods';

describe('eviction', () => {
  let api: ApiHarness;
  let scope: Scope;

  beforeEach(async () => {
    api = await ApiHarness.start();
    scope = new Scope('reconcilers');
    const deps = { store: api.store, clock: systemClock, log: silentLogger, random: Math.random };
    new DisruptionReconciler({ ...deps, events: new EventRecorder(deps) }).run(scope);
  });
  afterEach(async () => {
    await scope.close();
    await api.stop();
  });

  async function addPod(name: string, isReady: boolean, phase = 'Running'): Promise<void> {
    const { metadata: _, status: _status, ...pod } = aPod({ nodeName: 'node-1' });
    const conditions = [{ type: 'Ready', status: isReady ? 'True' : 'False' }];
    const metadata = { name, namespace: 'default', labels: { app: 'web' } };
    await api.store.create<PodObject>('pods', { ...pod, metadata, status: { phase, conditions } } as PodObject);
  }

  async function addBudget(spec: object, isMet: (status: Json) => boolean): Promise<void> {
    const selector = { matchLabels: { app: 'web' } };
    const body = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'web' } };
    const made = await api.call('POST', budgetsPath, { body: { ...body, spec: { selector, ...spec } } });
    assert.equal(made.code, 201, made.text);
    assert.equal(made.headers['warning'], undefined);
    await until(async () => isMet((await api.call('GET', `${budgetsPath}/web`)).json.status), 'the budget is computed');
  }

  function evict(name: string, deleteOptions?: object, query = ''): Promise<Answer> {
    const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace: 'default' }, deleteOptions };
    return api.call('POST', `${podsPath}/${name}/eviction${query}`, { body });
  }

  const pod = (name: string): PodObject | undefined => api.store.get<PodObject>('pods', 'default', name);
  const isGoing = (name: string): boolean => pod(name)?.metadata.deletionTimestamp !== undefined;

  it('deletes a pod that nothing guards, and says why on it', async () => {
    await addPod('a', true);
    const { code, json } = await evict('a', { gracePeriodSeconds: 7 });
    assert.deepEqual([code, json.kind, json.status], [201, 'Status', 'Success']);
    assert.equal(pod('a')?.metadata.deletionGracePeriodSeconds, 7);
    const target = pod('a')?.status?.conditions?.find(({ type }) => type === 'DisruptionTarget');
    assert.equal(target?.reason, 'EvictionByEvictionAPI');
  });

  it('is refused in the words that clients match, without a time to come back', async () => {
    await addPod('a', true);
    await addBudget({ minAvailable: 1 }, ({ currentHealthy } = {}) => currentHealthy === 1);
    const { code, json, headers } = await evict('a');
    assert.deepEqual([code, json.reason, headers['retry-after']], [429, 'TooManyRequests', undefined]);
    assert.equal(json.message, "Cannot evict pod as it would violate the pod's disruption budget.");
    assert.deepEqual(json.details.causes, [
      {
        reason: 'DisruptionBudget',
        message: 'The disruption budget web needs 1 healthy pods and has 1 currently',
      },
    ]);
    assert.equal(isGoing('a'), false);
  });

  it('never takes more than the budget allows, however many ask at once', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `pod-${at}`);
    for (const name of names) await addPod(name, true);
    await addBudget({ minAvailable: 7 }, ({ disruptionsAllowed } = {}) => disruptionsAllowed === 5);
    const answers = await Promise.all(names.map((name) => evict(name)));
    assert.equal(names.filter(isGoing).length, 5);
    assert.deepEqual(
      [201, 429].map((code) => answers.filter((answer) => answer.code === code).length),
      [5, 7],
    );
  });

  it('lets unready pods go as the policy says', async () => {
    for (const name of ['ready', 'unready']) await addPod(name, name === 'ready');
    await addBudget({ minAvailable: 2 }, ({ currentHealthy } = {}) => currentHealthy === 1);
    assert.equal((await evict('unready')).code, 429);
    const patch = { spec: { unhealthyPodEvictionPolicy: 'AlwaysAllow' } };
    const headers = { 'content-type': 'application/merge-patch+json' };
    assert.equal((await api.call('PATCH', `${budgetsPath}/web`, { body: patch, headers })).code, 200);
    assert.equal((await evict('unready')).code, 201);
    assert.equal(isGoing('unready'), true);
  });

  it('lets pending and finished pods go without asking', async () => {
    await addPod('pending', false, 'Pending');
    await addPod('done', false, 'Succeeded');
    await addBudget({ minAvailable: 2 }, ({ desiredHealthy } = {}) => desiredHealthy === 2);
    assert.deepEqual([(await evict('pending')).code, (await evict('done')).code], [201, 201]);
  });

  it('asks and changes nothing in a dry run', async () => {
    for (const name of ['a', 'b']) await addPod(name, true);
    await addBudget({ minAvailable: 1 }, ({ disruptionsAllowed } = {}) => disruptionsAllowed === 1);
    const version = api.store.version;
    assert.equal((await evict('a', {}, '?dryRun=All')).code, 201);
    assert.equal((await evict('a', { dryRun: ['All'] })).code, 201);
    assert.equal(api.store.version, version);
  });

  it('refuses what it cannot mean', async () => {
    await addPod('a', true);
    assert.equal((await evict('missing')).code, 404);
    assert.equal((await evict('a', { preconditions: { uid: 'another' } })).code, 409);
    assert.equal((await evict('a', { gracePeriodSeconds: -1 })).code, 422);
    const wrong = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'b' } };
    assert.equal((await api.call('POST', `${podsPath}/a/eviction`, { body: wrong })).code, 400);
    await addBudget({ minAvailable: 0 }, (status) => status !== undefined);
    const other = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'two' } };
    await api.call('POST', budgetsPath, { body: { ...other, spec: { minAvailable: 0, selector: {} } } });
    assert.match((await evict('a')).json.message, /more than one PodDisruptionBudget/);
    assert.equal(isGoing('a'), false);
  });

  it('reads protobuf', async () => {
    await addPod('a', true);
    const text = (number: number, value: Buffer | string): Buffer => {
      const bytes = Buffer.from(value);
      return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
    };
    const eviction = Buffer.concat([text(1, text(1, 'a')), text(2, Buffer.from([8, 3]))]);
    const typeMeta = Buffer.concat([text(1, 'policy/v1'), text(2, 'Eviction')]);
    const body = Buffer.concat([Buffer.from('k8s\0'), text(1, typeMeta), text(2, eviction)]);
    const headers = { 'content-type': 'application/vnd.kubernetes.protobuf' };
    assert.equal((await api.call('POST', `${podsPath}/a/eviction`, { body, headers })).code, 201);
    assert.equal(pod('a')?.metadata.deletionGracePeriodSeconds, 3);
  });
});
