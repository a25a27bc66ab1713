import assert from 'node:assert/strict';
import { applyPatch } from '../../../controller/api/patch/patch.ts';
import { decodeObject } from '../../../shared/objects/decode.ts';
import { applyDefaults } from '../../../shared/objects/defaults.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import {
  aDeployment,
  aMap,
  apply,
  deployments,
  fails,
  ownersOf,
  secrets,
  start,
  types,
  update,
} from './apply-fixtures.ts';
import type { AnyObject } from './apply-fixtures.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** What `kubectl apply` leaves: the object with what was said written into it, all of it owned by kubectl. */
function clientSide(previous: AnyObject | undefined, said: AnyObject, live: AnyObject = said): AnyObject {
  const metadata = {
    ...live.metadata,
    annotations: { ...live.metadata.annotations, [lastApplied]: `${JSON.stringify(said)}\n` },
  };
  const next = { ...live, metadata: { ...previous?.metadata, ...metadata } };
  return update(previous, next, 'kubectl-client-side-apply');
}

/** As the API stores it. */
const stored = (object: AnyObject): AnyObject =>
  applyDefaults(deployments, decodeObject<AnyObject>(deployments, object, 'Strict').object);

const saidOf = (object: KubeObject): AnyObject =>
  JSON.parse(object.metadata.annotations?.[lastApplied] ?? '{}') as AnyObject;

const env = (greeting: string): AnyObject =>
  aDeployment({
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'web:1',
            env: [
              { name: 'GREETING', value: greeting },
              { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
            ],
            resources: { limits: { memory: '1024Mi' } },
          },
        ],
      },
    },
  });

describe('server-side apply of what is stored otherwise', () => {
  it('sees no conflict in a value that lacks its defaults or is written another way', () => {
    const live = update(undefined, stored(env('hello')), 'kubectl-create');
    assert.deepEqual(stored(apply(live, env('hello'), 'other')).spec, live.spec);
    fails(
      () => apply(live, env('bye'), 'other'),
      'Conflict',
      ({ details }) =>
        assert.deepEqual(
          details.causes?.map(({ field }) => field),
          ['.spec.template.spec.containers[name="web"].env[name="GREETING"].value'],
        ),
    );
  });

  it('keeps the text of a secret among its data, and removes what is said no more', () => {
    const secret = (stringData: object): KubeObject =>
      ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, stringData }) as unknown as KubeObject;
    const applySecret = (current: KubeObject | undefined, stringData: object): AnyObject => {
      const request = { type: 'apply' as const, info: secrets, fieldManager: 'berth', force: false };
      return applyPatch(current, { ...request, body: secret(stringData) }, types, start) as AnyObject;
    };
    const made = applySecret(undefined, { a: '1', b: '2' });
    assert.deepEqual(made.data, { a: 'MQ==', b: 'Mg==' });
    assert.deepEqual(applySecret(made, { b: '2' }).data, { b: 'Mg==' });
  });
});

describe('client-side and server-side apply of one object', () => {
  it('lets the same person go on with the other way', () => {
    const before = clientSide(undefined, aMap({ a: '1', b: '2', c: '3' }));
    for (const manager of ['berth', 'kubectl']) {
      const after = apply(before, aMap({ a: 'changed', b: '2' }), manager);
      assert.deepEqual(after.data, { a: 'changed', b: '2' });
      assert.deepEqual(ownersOf(after), { [`${manager} Apply`]: { 'f:data': { 'f:a': {}, 'f:b': {} } } });
      assert.deepEqual(saidOf(after).data, { a: 'changed', b: '2' });
      assert.deepEqual(apply(after, aMap({ a: 'changed', b: '2' }), manager, { at: start + 60_000 }), after);
    }
  });

  it('goes on when what was written down has an owner of its own, as kubectl gives it', () => {
    const before = apply(clientSide(undefined, aMap({ a: '1' })), aMap({ a: '2' }), 'kubectl');
    const { data: _, ...bare } = aMap({});
    const note = { ...bare, metadata: { name: 'm', annotations: { ...before.metadata.annotations } } };
    const owned = apply(before, note, 'kubectl-last-applied');
    const after = apply(owned, aMap({ a: '3' }), 'kubectl');
    assert.deepEqual(saidOf(after).data, { a: '3' });
    assert.deepEqual(ownersOf(after)['kubectl-last-applied Apply'], {
      'f:metadata': { 'f:annotations': { [`f:${lastApplied}`]: {} } },
    });
  });

  it('goes back and forth', () => {
    const first = clientSide(undefined, aMap({ a: '1' }));
    const second = apply(first, aMap({ a: '2' }), 'berth');
    const third = clientSide(second, aMap({ a: '3' }));
    const fourth = apply(third, aMap({ a: '4' }), 'berth');
    assert.deepEqual(fourth.data, { a: '4' });
    assert.deepEqual(Object.keys(ownersOf(fourth)), ['berth Apply']);
  });

  it('leaves defaults alone, and what somebody else has set since', () => {
    const live = aDeployment({ replicas: 1, paused: true, minReadySeconds: 5 });
    const made = clientSide(undefined, aDeployment({ replicas: 1, paused: true }), live);
    const scaled = update(made, { ...made, spec: { ...made.spec, replicas: 4 } }, 'autoscaler');
    const after = apply(scaled, aDeployment({ paused: false }), 'berth');
    assert.deepEqual(after.spec, { replicas: 4, paused: false, minReadySeconds: 5 });
    fails(
      () => apply(scaled, aDeployment({ replicas: 2 }), 'berth'),
      'Conflict',
      ({ message }) => assert.match(message, /"autoscaler"/),
    );
  });

  it('writes nothing down for objects that were never applied by a client, nor for other managers', () => {
    const made = apply(undefined, aMap({ a: '1' }), 'berth');
    assert.equal(made.metadata.annotations, undefined);
    const before = clientSide(undefined, aMap({ a: '1' }));
    fails(() => apply(before, aMap({ a: '2' }), 'pipeline'), 'Conflict');
    const forced = apply(before, aMap({ a: '2' }), 'pipeline', { force: true });
    assert.deepEqual(saidOf(forced).data, { a: '1' });
  });

  it('keeps what was written down as it is while it says the same', () => {
    const said = { ...aMap({ a: '1' }), metadata: { namespace: 'default', name: 'm', annotations: {} } };
    const before = clientSide(undefined, said, { ...said, metadata: { name: 'm', namespace: 'default' } });
    const after = apply(before, aMap({ a: '1' }), 'berth');
    assert.equal(after.metadata.annotations?.[lastApplied], before.metadata.annotations?.[lastApplied]);
  });

  it('sees that the same was said with nulls, empty labels and an empty status', () => {
    const spec = { replicas: 2, strategy: null };
    const said = { ...aDeployment(spec, { labels: {}, namespace: 'default' }), status: {} };
    const before = clientSide(undefined, said, aDeployment({ replicas: 2 }, { namespace: 'default' }));
    const after = apply(before, aDeployment({ replicas: 2 }), 'berth');
    assert.equal(after.metadata.annotations?.[lastApplied], before.metadata.annotations?.[lastApplied]);
  });

  it('sees that the same was said in another version', () => {
    const metadata = { name: 'web', namespace: 'default' };
    const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 75 } };
    const kind = 'HorizontalPodAutoscaler';
    const said = {
      apiVersion: 'autoscaling/v1',
      kind,
      metadata,
      spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 75 },
    };
    const metrics = [{ type: 'Resource', resource: cpu }];
    const live = { apiVersion: 'autoscaling/v2', kind, metadata, spec: { scaleTargetRef, maxReplicas: 5, metrics } };
    const before = clientSide(undefined, said, live);
    const after = apply(before, live, 'berth');
    assert.equal(after.metadata.annotations?.[lastApplied], before.metadata.annotations?.[lastApplied]);
    assert.deepEqual(Object.keys(ownersOf(after)), ['berth Apply']);
  });

  it('removes from a secret the text that a client said and that is said no more', () => {
    const secret = (part: object): AnyObject =>
      ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, ...part }) as unknown as AnyObject;
    const live = secret({ data: { a: 'MQ==', b: 'Mg==' } });
    const before = clientSide(undefined, secret({ stringData: { a: '1', b: '2' } }), live);
    assert.deepEqual(apply(before, secret({ stringData: { b: '2' } }), 'berth').data, { b: 'Mg==' });
  });

  it('survives whatever stands in the annotation', () => {
    for (const text of ['', '{', 'null', '[]', '{"metadata":1}', '['.repeat(200_000)]) {
      const made = aMap({ a: '1' });
      const object = { ...made, metadata: { ...made.metadata, annotations: { [lastApplied]: text } } };
      const before = update(undefined, object, 'kubectl-client-side-apply');
      fails(() => apply(before, aMap({ a: '2' }), 'berth'), 'Conflict');
      assert.deepEqual(apply(before, aMap({ a: '2' }), 'berth', { force: true }).data, { a: '2' });
    }
  });

  it('takes what other commands of the same hand have set, and keeps what it does not say', () => {
    const made = apply(undefined, aDeployment({ replicas: 1 }), 'berth');
    const scaled = update(made, { ...made, spec: { replicas: 3, paused: true } }, 'berth-scale');
    assert.deepEqual(apply(scaled, aDeployment({ replicas: 1 }), 'berth').spec, { replicas: 1, paused: true });
    fails(() => apply(scaled, aDeployment({ replicas: 1 }), 'kubectl'), 'Conflict');
  });
});
