import assert from 'node:assert/strict';
import { applyPatch } from '../../../controller/api/patch/patch.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import { aMap, aPod, apply, fails, ownersOf, pods, start, types, update } from './apply-fixtures.ts';
import type { AnyObject } from './apply-fixtures.ts';

describe('managed fields of updates', () => {
  it('gives the manager what it set, without what the server sets', () => {
    const metadata = { name: 'web', namespace: 'x', uid: 'u', resourceVersion: '1', labels: { a: 'b' } };
    const made = update(undefined, { ...aMap({ k: 'v' }), metadata }, 'kubectl-create');
    assert.deepEqual(ownersOf(made), {
      'kubectl-create Update': { 'f:data': { 'f:k': {} }, 'f:metadata': { 'f:labels': { 'f:a': {} } } },
    });
  });

  it('moves ownership to who changed a field, and drops what is gone', () => {
    const made = update(undefined, aMap({ a: '1', b: '2', c: '3' }), 'one');
    const later = update(made, { ...made, data: { a: '9', b: '2' } }, 'two', start + 5_000);
    assert.deepEqual(ownersOf(later), {
      'one Update': { 'f:data': { 'f:b': {} } },
      'two Update': { 'f:data': { 'f:a': {} } },
    });
    assert.deepEqual(
      later.metadata.managedFields?.map(({ time }) => time),
      ['2026-01-01T00:00:05Z', '2026-01-01T00:00:05Z'],
    );
  });

  it('changes nothing when nothing changed', () => {
    const made = update(undefined, aMap({ a: '1' }), 'one');
    assert.deepEqual(update(made, { ...made }, 'two', start + 5_000), made);
    const { managedFields: _, ...metadata } = made.metadata;
    assert.deepEqual(update(made, { ...made, metadata }, 'two', start + 5_000), made);
  });

  it('lets a client replace the entries, or forget them', () => {
    const made = update(undefined, aMap({ a: '1' }), 'one');
    const mine = (made.metadata.managedFields ?? []).map((entry) => ({
      ...entry,
      manager: 'kubectl',
      operation: 'Apply',
    }));
    const replaced = update(made, { ...made, metadata: { ...made.metadata, managedFields: mine } }, 'two');
    assert.deepEqual(ownersOf(replaced), { 'kubectl Apply': { 'f:data': { 'f:a': {} } } });
    const forgotten = update(made, { ...made, metadata: { ...made.metadata, managedFields: [{}] } }, 'two');
    assert.equal(forgotten.metadata.managedFields, undefined);
  });

  it('keeps the newest ten updaters and merges the older ones', () => {
    let object = aMap({});
    for (let at = 0; at < 15; at += 1) {
      object = update(object, { ...object, data: { ...object.data, [`k${at}`]: 'x' } }, `m${at}`, start + at * 1_000);
    }
    const owners = ownersOf(object);
    assert.equal(Object.keys(owners).length, 10);
    const old = Object.fromEntries([0, 1, 2, 3, 4, 5].map((at) => [`f:k${at}`, {}]));
    assert.deepEqual(owners['ancient-changes Update'], { 'f:data': old });
  });

  it('survives entries that nobody can read', () => {
    const managedFields = [
      { manager: 'odd', operation: 'Update', apiVersion: 'v1', fieldsV1: { 'k:not json': {} } },
      { manager: 'none', operation: 'Sync', fieldsV1: 7 },
    ] as KubeObject['metadata']['managedFields'];
    const live = { ...aMap({ a: '1' }), metadata: { name: 'm', managedFields } };
    assert.equal(apply(live, aMap({ a: '2' }), 'one', { force: true }).data?.['a'], '2');
  });
});

describe('patch entry', () => {
  const request = { info: pods, fieldManager: 'x', force: false };

  it('drops nulls that a patch leaves', () => {
    const body = [{ op: 'replace', path: '/spec', value: { template: { metadata: { creationTimestamp: null } } } }];
    const patched = applyPatch(aPod({}), { ...request, type: 'json', body }, types, start);
    assert.deepEqual((patched as AnyObject).spec, { template: { metadata: {} } });
  });

  it('patches nothing that is absent, and leaves no rubble', () => {
    fails(() => applyPatch(undefined, { ...request, type: 'merge', body: {} }, types, start), 'NotFound');
    fails(() => applyPatch(aPod({}), { ...request, type: 'merge', body: [] }, types, start), 'BadRequest');
    const body = [{ op: 'replace', path: '', value: 1 }];
    fails(() => applyPatch(aPod({}), { ...request, type: 'json', body }, types, start), 'Invalid');
  });

  it('refuses bodies of hostile depth', () => {
    const deep = JSON.parse('{"a":'.repeat(5_000) + '1' + '}'.repeat(5_000)) as unknown;
    for (const type of ['merge', 'strategic', 'apply'] as const) {
      fails(() => applyPatch(aPod({}), { ...request, type, body: deep }, types, start), 'BadRequest');
    }
  });
});
