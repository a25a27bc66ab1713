import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applyPatch } from '../../../controller/api/patch/patch.ts';
import { aDeployment, aMap, aPod, apply, fails, ownersOf, pods, start, types, update } from './apply-fixtures.ts';
import type { AnyObject } from './apply-fixtures.ts';

describe('server-side apply', () => {
  it('makes the object and records what was said', () => {
    const body = aDeployment({ replicas: 2, template: { spec: { containers: [{ name: 'c1', image: 'i:1' }] } } });
    const made = apply(undefined, body, 'kubectl');
    assert.deepEqual({ ...made, metadata: { name: 'web' } }, body);
    assert.deepEqual(made.metadata.managedFields, [
      {
        manager: 'kubectl',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: '2026-01-01T00:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:replicas': {},
            'f:template': {
              'f:spec': { 'f:containers': { 'k:{"name":"c1"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
            },
          },
        },
      },
    ]);
  });

  it('changes nothing when the same is applied again later', () => {
    const body = aDeployment({ replicas: 2, selector: { matchLabels: { a: 'b' } } }, { labels: { x: 'y' } });
    const made = apply(undefined, body, 'kubectl');
    assert.deepEqual(apply(made, body, 'kubectl', { at: start + 60_000 }), made);
  });

  it('changes nothing when a list without elements is applied again later, whoever has some in it', () => {
    const body = aPod({ hostAliases: [], containers: [{ name: 'a', image: 'a', ports: [] }] });
    const made = apply(undefined, body, 'kubectl');
    assert.deepEqual(apply(made, body, 'kubectl', { at: start + 60_000 }), made);
    const shared = apply(made, aPod({ hostAliases: [{ ip: '192.0.2.1', hostnames: ['a'] }] }), 'other');
    const again = apply(shared, body, 'kubectl', { at: start + 60_000 });
    assert.deepEqual(again, shared);
    const dropped = apply(again, aPod({ containers: [{ name: 'a', image: 'a' }] }), 'kubectl');
    assert.deepEqual(dropped.spec?.['hostAliases'], [{ ip: '192.0.2.1', hostnames: ['a'] }]);
  });

  it('takes nothing when nothing is said, also of an object that nobody was recorded for', () => {
    const empty = { ...aMap(), metadata: { name: 'm', labels: {}, annotations: {} } };
    const live: AnyObject = { ...aMap({ a: '1' }), metadata: { name: 'm', labels: { b: '2' } } };
    assert.deepEqual(apply(live, empty, 'one'), live);
    assert.deepEqual(ownersOf(apply(apply(undefined, empty, 'one'), empty, 'two')), {});
  });

  it('removes what is said no more and nobody else owns', () => {
    const made = apply(undefined, aMap({ a: '1', b: '2' }), 'one');
    const shared = apply(made, aMap({ b: '2' }), 'two');
    const later = apply(shared, aMap({}), 'one');
    assert.deepEqual(later.data, { b: '2' });
    assert.deepEqual(apply(later, aMap(), 'two').data, undefined);
  });

  it('removes a list element with its defaults, and leaves those of others', () => {
    const made = apply(
      undefined,
      aPod({
        containers: [
          { name: 'a', image: 'a' },
          { name: 'b', image: 'b' },
        ],
      }),
      'one',
    );
    const spec = {
      containers: [
        { name: 'a', image: 'a', imagePullPolicy: 'Always' },
        { name: 'b', image: 'b' },
        { name: 'injected' },
      ],
    };
    const defaulted = { ...made, spec };
    const later = apply(defaulted, aPod({ containers: [{ name: 'b', image: 'b:2' }] }), 'one');
    assert.deepEqual(later.spec?.['containers'], [{ name: 'b', image: 'b:2' }, { name: 'injected' }]);
  });

  it('keeps an element below which somebody else owns a field', () => {
    const made = apply(undefined, aPod({ containers: [{ name: 'a', image: 'a' }, { name: 'b' }] }), 'one');
    const shared = apply(made, aPod({ containers: [{ name: 'a', args: ['x'] }] }), 'two');
    const later = apply(shared, aPod({ containers: [{ name: 'b' }] }), 'one');
    assert.deepEqual(later.spec?.['containers'], [{ name: 'a', args: ['x'] }, { name: 'b' }]);
  });

  it('tells ports of one number by their protocol, TCP when absent', () => {
    const ports = [{ containerPort: 53 }, { containerPort: 53, protocol: 'UDP' }];
    const made = apply(undefined, aPod({ containers: [{ name: 'dns', ports }] }), 'one');
    const defaulted = {
      ...made,
      spec: { containers: [{ name: 'dns', ports: [{ containerPort: 53, protocol: 'TCP' }, ports[1]] }] },
    };
    const later = apply(
      defaulted,
      aPod({ containers: [{ name: 'dns', ports: [{ containerPort: 53, name: 'd' }] }] }),
      'one',
    );
    const containers = later.spec?.['containers'] as { ports: object[] }[];
    assert.deepEqual(containers[0]?.ports, [{ containerPort: 53, protocol: 'TCP', name: 'd' }]);
  });

  it('refuses to change what somebody else set, naming whom and what', () => {
    const made = update(undefined, aDeployment({ replicas: 1, paused: true }), 'kubectl-create');
    fails(
      () => apply(made, aDeployment({ replicas: 3 }), 'kubectl'),
      'Conflict',
      ({ message, details }) => {
        assert.equal(
          message,
          'Apply failed with 1 conflict: conflict with "kubectl-create" using apps/v1: .spec.replicas',
        );
        const cause = {
          reason: 'FieldManagerConflict',
          message: 'conflict with "kubectl-create" using apps/v1',
          field: '.spec.replicas',
        };
        assert.deepEqual(details, { name: 'web', kind: 'deployments', group: 'apps', causes: [cause] });
      },
    );
    fails(
      () => apply(made, aDeployment({ replicas: 3, paused: false }), 'kubectl'),
      'Conflict',
      ({ message }) =>
        assert.equal(
          message,
          'Apply failed with 2 conflicts: conflicts with "kubectl-create" using apps/v1:\n- .spec.paused\n- .spec.replicas',
        ),
    );
  });

  it('names managers in order, those that apply without a version, with the fields of a level before what is below', () => {
    const pod = (name: string, image: string): ReturnType<typeof aPod> =>
      aPod({ restartPolicy: name, hostname: name, containers: [{ name: 'c', image }] });
    const first = apply(undefined, pod('one', 'a:1'), 'zoe');
    const second = update(first, { ...first, spec: { ...first.spec, hostname: 'two' } } as typeof first, 'ann');
    fails(
      () => apply(second, pod('three', 'a:3'), 'kubectl'),
      'Conflict',
      ({ message }) =>
        assert.equal(
          message,
          'Apply failed with 3 conflicts: conflicts with "ann" using v1:\n- .spec.hostname\n' +
            'conflicts with "zoe":\n- .spec.restartPolicy\n- .spec.containers[name="c"].image',
        ),
    );
  });

  it('names the element in a conflict', () => {
    const made = apply(undefined, aPod({ containers: [{ name: 'c', image: 'a' }] }), 'one');
    fails(
      () => apply(made, aPod({ containers: [{ name: 'c', image: 'b' }] }), 'two'),
      'Conflict',
      ({ details }) => assert.equal(details.causes?.[0]?.field, '.spec.containers[name="c"].image'),
    );
  });

  it('shares a field when both say the same', () => {
    const made = update(undefined, aDeployment({ replicas: 1 }), 'kubectl-create');
    const shared = apply(made, aDeployment({ replicas: 1 }), 'kubectl');
    assert.deepEqual(ownersOf(shared), {
      'kubectl-create Update': { 'f:spec': { 'f:replicas': {} } },
      'kubectl Apply': { 'f:spec': { 'f:replicas': {} } },
    });
  });

  it('takes the field by force', () => {
    const made = update(undefined, aDeployment({ replicas: 1, paused: true }), 'kubectl-create');
    const taken = apply(made, aDeployment({ replicas: 3 }), 'kubectl', { force: true });
    assert.deepEqual(taken.spec, { replicas: 3, paused: true });
    assert.deepEqual(ownersOf(taken), {
      'kubectl-create Update': { 'f:spec': { 'f:paused': {} } },
      'kubectl Apply': { 'f:spec': { 'f:replicas': {} } },
    });
  });

  it('guards an object that was never tracked against its first apply', () => {
    const untracked = aDeployment({ replicas: 1 });
    fails(
      () => apply(untracked, aDeployment({ replicas: 2 }), 'kubectl'),
      'Conflict',
      ({ message }) => assert.match(message, /"before-first-apply"/),
    );
  });

  it('replaces atomic lists and objects as a whole', () => {
    const made = apply(undefined, aPod({ tolerations: [{ key: 'a' }, { key: 'b' }], nodeSelector: { a: 'b' } }), 'one');
    const later = apply(made, aPod({ tolerations: [{ key: 'b' }], nodeSelector: { c: 'd' } }), 'one');
    assert.deepEqual(later.spec, { tolerations: [{ key: 'b' }], nodeSelector: { c: 'd' } });
    const owned = ownersOf(later)['one Apply'];
    assert.deepEqual(owned, { 'f:spec': { 'f:nodeSelector': {}, 'f:tolerations': {} } });
  });

  it('owns elements of sets', () => {
    const body = (finalizers: string[]): AnyObject => ({ ...aMap(), metadata: { name: 'm', finalizers } });
    const made = apply(undefined, body(['x/a', 'x/b']), 'one');
    const both = apply(made, body(['x/c']), 'two');
    const later = apply(both, body(['x/b']), 'one');
    assert.deepEqual(new Set(later.metadata.finalizers), new Set(['x/b', 'x/c']));
    assert.deepEqual(ownersOf(later)['two Apply'], { 'f:metadata': { 'f:finalizers': { 'v:"x/c"': {} } } });
  });

  it('leaves the status to its subresource', () => {
    const body: AnyObject = { ...aDeployment({ replicas: 1 }), status: { replicas: 9 } };
    assert.equal(apply(undefined, body, 'one').status, undefined);
    const made = apply(undefined, aDeployment({ replicas: 1 }), 'one');
    const said: AnyObject = { ...aDeployment({ replicas: 5 }), status: { replicas: 9 } };
    const status = apply(made, said, 'ctl', {
      subresource: 'status',
    });
    assert.deepEqual([status.spec, status.status], [{ replicas: 1 }, { replicas: 9 }]);
    const entry = status.metadata.managedFields?.find(({ manager }) => manager === 'ctl');
    assert.deepEqual([entry?.subresource, entry?.fieldsV1], ['status', { 'f:status': { 'f:replicas': {} } }]);
  });

  it('refuses what is no applied configuration', () => {
    fails(
      () => apply(undefined, aMap(), ''),
      'Invalid',
      ({ message }) => assert.match(message, /is required for apply patch/),
    );
    const managed = { ...aMap(), metadata: { name: 'm', managedFields: [] } };
    fails(
      () => apply(undefined, managed, 'one'),
      'BadRequest',
      ({ message }) => assert.match(message, /must be nil/),
    );
    const request = { type: 'apply' as const, info: pods, fieldManager: 'one', force: false };
    fails(() => applyPatch(undefined, { ...request, body: aMap() }, types, start), 'BadRequest');
    fails(() => applyPatch(undefined, { ...request, body: 'text' }, types, start), 'BadRequest');
    fails(
      () => apply(undefined, aPod({ containers: [{ image: 'x' }] }), 'one'),
      'BadRequest',
      ({ message }) => assert.match(message, /\.spec\.containers: element 0: .*omits key field "name"/),
    );
    fails(
      () => apply(undefined, aPod({ containers: [{ name: 'x' }, { name: 'x' }] }), 'one'),
      'BadRequest',
      ({ message }) => assert.match(message, /duplicate entries for key {"name":"x"}/),
    );
  });

  const options = { noNullPrototype: true };
  const data = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'), options);

  it('gives each manager what it says, and nothing that nobody says, whoever applies when', () => {
    const acts = fc.array(fc.record({ manager: fc.constantFrom('one', 'two'), data }), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(acts, (list) => {
        let current: AnyObject | undefined;
        const said: Record<string, Record<string, string>> = {};
        for (const act of list) {
          current = apply(current, aMap(act.data), act.manager, { force: true });
          for (const other of Object.values(said)) {
            for (const [key, value] of Object.entries(act.data)) if (other[key] !== value) delete other[key];
          }
          said[act.manager] = { ...act.data };
        }
        assert.deepEqual(current?.data ?? {}, { ...said['one'], ...said['two'] });
      }),
    );
  });

  it('changes nothing the second time, whatever is there', () => {
    fc.assert(
      fc.property(data, data, (live, config) => {
        const once = apply(update(undefined, aMap(live), 'x'), aMap(config), 'one', { force: true });
        assert.deepEqual(apply(once, aMap(config), 'one', { at: start + 5_000 }), once);
      }),
    );
  });
});
