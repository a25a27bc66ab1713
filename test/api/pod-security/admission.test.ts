import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { ManagedStore } from '../../../controller/api/patch/managed-store.ts';
import { PodSecurity } from '../../../controller/api/pod-security/pod-security.ts';
import { replicaSets } from '../../../controller/reconcile/replicaset/replica-kind.ts';
import { ReplicaSetReconciler } from '../../../controller/reconcile/replicaset/reconciler.ts';
import { EventRecorder } from '../../../controller/store/event-recorder.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLogger, type LogFields } from '../../../shared/log.ts';
import { podTemplatePath } from '../../../shared/objects/pod-template.ts';
import type { Event, KubeObject, ReplicaSet } from '../../../shared/objects/types.ts';
import { everyKind } from '../../contract/every-kind.ts';
import { ApiHarness, type Answer } from '../harness.ts';
import { deploymentManifest } from '../manifests.ts';

const pods = '/api/v1/namespaces/default/pods';
const namespace = '/api/v1/namespaces/default';
const mergePatch = { 'content-type': 'application/merge-patch+json' };
const privileged = 'privileged (container "c" must not set securityContext.privileged=true)';

function aPod(name: string, securityContext: object = {}): object {
  const containers = [{ name: 'c', image: 'i:1', securityContext }];
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers } };
}

function warningsOf({ headers }: Answer): string[] {
  return [headers['warning'] ?? []]
    .flat()
    .flatMap((text) => text.split(/, (?=299 )/))
    .map((text) => text.replace(/^299 - "(.*)"$/, '$1').replaceAll('\\"', '"'))
    .filter((text) => !text.includes('not enforced by this version'));
}

describe('Pod Security Admission', () => {
  let api: ApiHarness;
  before(async () => {
    const exemptions = { namespaces: ['kube-system'], users: ['trusted'], runtimeClasses: ['vm'] };
    api = await ApiHarness.start({}, { exemptions });
  });
  after(() => api.stop());
  beforeEach(() => label({}));

  /** Gives the namespace these labels and no other. */
  async function label(labels: Record<string, string>, headers = mergePatch): Promise<Answer> {
    const modes = ['enforce', 'audit', 'warn'].flatMap((mode) => [mode, `${mode}-version`]);
    const all = Object.fromEntries(modes.map((mode) => [`pod-security.kubernetes.io/${mode}`, labels[mode] ?? null]));
    return await api.call('PATCH', namespace, { body: { metadata: { labels: all } }, headers });
  }

  it('refuses a pod that its namespace does not allow, also in a dry run, and stores nothing', async () => {
    await label({ enforce: 'baseline' });
    for (const path of [pods, `${pods}?dryRun=All`]) {
      const { code, json } = await api.call('POST', path, { body: aPod('bad', { privileged: true }) });
      assert.deepEqual([code, json.reason], [403, 'Forbidden']);
      assert.equal(json.message, `pods "bad" is forbidden: violates PodSecurity "baseline:latest": ${privileged}`);
    }
    assert.equal((await api.call('GET', `${pods}/bad`)).code, 404);
    const good = await api.call('POST', pods, { body: aPod('good') });
    assert.deepEqual([good.code, warningsOf(good)], [201, []]);
    const applied = {
      headers: { 'content-type': 'application/apply-patch+yaml' },
      body: aPod('ssa', { privileged: true }),
    };
    assert.equal((await api.call('PATCH', `${pods}/ssa?fieldManager=me`, applied)).code, 403);
  });

  it('names the version that the namespace names', async () => {
    await label({ enforce: 'restricted', 'enforce-version': 'v1.18' });
    const { json } = await api.call('POST', pods, { body: aPod('old', { runAsNonRoot: true }) });
    assert.equal(
      json.message,
      'pods "old" is forbidden: violates PodSecurity "restricted:v1.18": allowPrivilegeEscalation != false ' +
        '(container "c" must set securityContext.allowPrivilegeEscalation=false)',
    );
  });

  it('lets a pod be, names it when the rule comes, and refuses what changes what is looked at', async () => {
    for (const name of ['b', 'a']) await api.call('POST', pods, { body: aPod(name, { privileged: true }) });
    assert.deepEqual(warningsOf(await label({ enforce: 'baseline' })), [
      'existing pods in namespace "default" violate the new PodSecurity enforce level "baseline:latest"',
      'a (and 1 other pod): privileged',
    ]);
    assert.deepEqual(warningsOf(await label({ enforce: 'baseline', audit: 'restricted' })), []);
    const change = (body: object, path = `${pods}/a`): Promise<Answer> =>
      api.call('PATCH', path, { body, headers: { 'content-type': 'application/strategic-merge-patch+json' } });
    assert.equal((await change({ metadata: { labels: { x: 'y' } } })).code, 200);
    assert.equal((await change({ status: { phase: 'Running' } }, `${pods}/a/status`)).code, 200);
    const image = await change({ spec: { containers: [{ name: 'c', image: 'i:2' }] } });
    assert.deepEqual([image.code, image.json.message.includes(privileged)], [403, true]);
    const ephemeralContainers = [{ name: 'd', image: 'i:1', securityContext: { privileged: true } }];
    const debug = await change({ spec: { ephemeralContainers } }, `${pods}/good/ephemeralcontainers`);
    assert.deepEqual([debug.code, debug.json.reason], [403, 'Forbidden']);
    assert.match(debug.json.message, /container "d" must not set securityContext.privileged=true/);
  });

  for (const { info, collection, object } of everyKind().filter(
    ({ info }) => podTemplatePath(info.kind) !== undefined,
  )) {
    it(`warns of a ${info.kind} whose pods would be refused, or only warned of`, async () => {
      const isPod = info.kind === 'Pod';
      await label({ warn: 'restricted' });
      const made = await api.call('POST', `${collection}?dryRun=All`, { body: object('w') });
      assert.equal(made.code, 201, made.text);
      const text =
        'would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "c" must set ' +
        'securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set ' +
        'securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set ' +
        'securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set ' +
        'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';
      assert.deepEqual(
        warningsOf(made).filter((each) => each.startsWith('would')),
        [text],
      );
      await label({ enforce: 'restricted' });
      const enforced = await api.call('POST', `${collection}?dryRun=All`, { body: object('w') });
      assert.equal(enforced.code, isPod ? 403 : 201);
      assert.equal(warningsOf(enforced).includes(text), !isPod);
    });
  }

  it('refuses labels that mean nothing, and lets be what was there', async () => {
    const { code, json } = await label({ enforce: 'strict', 'warn-version': '1.30' });
    assert.deepEqual([code, json.reason], [422, 'Invalid']);
    assert.equal(
      json.message,
      'Namespace "default" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": ' +
        'must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: ' +
        'Invalid value: "1.30": must be "latest" or "v1.x"]',
    );
    const labels = { 'pod-security.kubernetes.io/audit': 'x' };
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'wrong', labels } };
    assert.equal((await api.call('POST', '/api/v1/namespaces', { body })).code, 422);
    await api.store.create('namespaces', body as KubeObject);
    const other = { body: { metadata: { labels: { a: 'b' } } }, headers: mergePatch };
    assert.equal((await api.call('PATCH', '/api/v1/namespaces/wrong', other)).code, 200);
  });

  it('leaves exempt namespaces, users and runtime classes alone, and says so of a namespace', async () => {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const options = { body: { metadata: { labels } }, headers: mergePatch };
    const system = await api.call('PATCH', '/api/v1/namespaces/kube-system', options);
    assert.deepEqual(warningsOf(system), [
      'namespace "kube-system" is exempt from Pod Security, and the policy (enforce=restricted:latest) will be ignored',
    ]);
    const bad = aPod('exempt', { privileged: true }) as { spec: object };
    assert.equal((await api.call('POST', '/api/v1/namespaces/kube-system/pods', { body: bad })).code, 201);
    await label({ enforce: 'baseline' });
    const byClass = { ...bad, spec: { ...bad.spec, runtimeClassName: 'vm' } };
    assert.equal((await api.call('POST', `${pods}?dryRun=All`, { body: byClass })).code, 201);
    const headers = { 'impersonate-user': 'trusted', 'impersonate-group': 'system:masters' };
    assert.equal((await api.call('POST', `${pods}?dryRun=All`, { body: bad, headers })).code, 201);
    assert.equal((await api.call('POST', `${pods}?dryRun=All`, { body: bad })).code, 403);
  });

  it('holds what controllers make against the same rules, with an event', async () => {
    await label({ enforce: 'baseline' });
    const manifest = deploymentManifest('set') as KubeObject & { spec: ReplicaSet['spec'] & { strategy?: unknown } };
    const spec = structuredClone(manifest.spec);
    spec.template!.spec!.containers[0]!.securityContext = { privileged: true };
    const set = { ...manifest, kind: 'ReplicaSet', spec, metadata: { name: 'set', namespace: 'default' } };
    await api.store.create('replicasets.apps', set);
    const lines: LogFields[] = [];
    const log = { ...silentLogger, warn: (_text: string, fields?: LogFields) => void lines.push(fields ?? {}) };
    const exemptions = { namespaces: [], users: [], runtimeClasses: [] };
    const security = new PodSecurity({ store: api.store, log, registry: new Registry(), exemptions });
    const store = new ManagedStore(api.store, 'kube-controller-manager', systemClock, security.admitFor('system:x'));
    const events = new EventRecorder({ store: api.store, clock: systemClock, log });
    const deps = { store, clock: systemClock, log, events, random: Math.random };
    const refusal = /pods "set-[a-z0-9]+" is forbidden: violates PodSecurity "baseline:latest": privileged/;
    await assert.rejects(new ReplicaSetReconciler(deps, replicaSets).reconcile('default/set'), refusal);
    await events.settled();
    const found = api.store.list<KubeObject & Event>('events').items.find(({ reason }) => reason === 'FailedCreate');
    assert.match(found?.message ?? '', new RegExp(`^Error creating: ${refusal.source}`));
    await label({ audit: 'baseline' });
    await new ReplicaSetReconciler(deps, replicaSets).reconcile('default/set');
    assert.deepEqual([lines.length, lines[0]?.['standard'], lines[0]?.['user']], [1, 'baseline:latest', 'system:x']);
  });

  it('counts what was looked at', async () => {
    const text = await api.registry.getSingleMetricAsString('pod_security_evaluations_total');
    assert.match(text, /\{decision="deny",mode="enforce",policy_level="baseline",resource="pods"\} [1-9]/);
  });
});
