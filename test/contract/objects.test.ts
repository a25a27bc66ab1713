import assert from 'node:assert/strict';
import { resourceName } from '../../shared/objects/resources.ts';
import { ApiHarness, type Answer, type Json } from '../api/harness.ts';
import { everyKind } from './every-kind.ts';

const merge = { 'content-type': 'application/merge-patch+json' };

/** The object without its field managers, whose times move. */
function bare({ metadata, ...object }: Json): Json {
  const { managedFields: _, ...rest } = metadata;
  return { ...object, metadata: rest };
}

describe('contract: objects of every kind', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());

  /** Throws unless the answer has this code. */
  async function ok(method: string, path: string, body?: unknown, code = 200): Promise<Json> {
    const headers = method === 'PATCH' ? { headers: merge } : {};
    const answer: Answer = await api.call(method, path, { ...(body !== undefined && { body }), ...headers });
    assert.equal(answer.code, code, `${method} ${path}: ${answer.text}`);
    return answer.json;
  }

  for (const { info, collection, object, change, status } of everyKind()) {
    describe(resourceName(info), () => {
      const hasStatus = info.subresources.includes('status');
      const path = `${collection}/sample`;
      let made: Json;

      before(async () => {
        made = await ok('POST', collection, object('sample'), 201);
      });

      it('begins at generation 1 when it has a spec', () => {
        assert.equal(made.metadata.generation, made.spec === undefined ? undefined : 1);
        assert.match(made.metadata.uid, /^[0-9a-f-]{36}$/);
        assert.match(made.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        assert.match(made.metadata.resourceVersion, /^[1-9]\d*$/);
      });

      it('is written by no update that changes nothing', async () => {
        const { resourceVersion } = made.metadata;
        const again = async (method: string, at: string, body: unknown): Promise<void> =>
          assert.equal((await ok(method, at, body)).metadata.resourceVersion, resourceVersion, `${method} ${at}`);
        await again('PUT', path, await ok('GET', path));
        await again('PATCH', path, {});
        await again('PATCH', path, { metadata: { labels: { absent: null } } });
        if (hasStatus) await again('PUT', `${path}/status`, await ok('GET', `${path}/status`));
        const manifest = { ...object('sample'), metadata: { name: 'sample' } };
        if (info.plural !== 'pods') await again('PATCH', path, manifest);
      });

      it('keeps its generation when metadata changes', async () => {
        const labelled = await ok('PATCH', path, { metadata: { labels: { a: 'b' }, annotations: { c: 'd' } } });
        assert.equal(labelled.metadata.generation, made.metadata.generation);
        assert.notEqual(labelled.metadata.resourceVersion, made.metadata.resourceVersion);
      });

      if (change !== undefined)
        it('raises its generation with its spec, and stores nothing on a dry run', async () => {
          const before = await ok('GET', path);
          const tried = await ok('PATCH', `${path}?dryRun=All`, change);
          assert.deepEqual(await ok('GET', path), before);
          assert.equal(tried.metadata.resourceVersion, before.metadata.resourceVersion);
          const changed = await ok('PATCH', path, change);
          assert.deepEqual(
            { ...bare(tried), metadata: {} },
            { ...bare(changed), metadata: {} },
            'a dry run answers what the change would',
          );
          const { generation } = before.metadata;
          assert.equal(changed.metadata.generation, changed.spec === undefined ? undefined : (generation ?? 0) + 1);
          assert.equal(tried.metadata.generation, changed.metadata.generation);
        });

      if (hasStatus && status !== undefined)
        it('keeps spec and status apart', async () => {
          const before = await ok('GET', path);
          const main = await ok('PATCH', path, { status });
          assert.deepEqual(main, before, 'the main resource does not write the status');
          const tried = await ok('PATCH', `${path}/status?dryRun=All`, { ...change, status });
          assert.equal(tried.metadata.resourceVersion, before.metadata.resourceVersion);
          assert.deepEqual(await ok('GET', path), before);
          const written = await ok('PATCH', `${path}/status`, { ...change, spec: { ...before.spec }, status });
          assert.deepEqual(written.spec, before.spec);
          assert.equal(written.metadata.generation, before.metadata.generation);
          const put = await ok('PUT', `${path}/status`, { ...written, status: before.status ?? {} });
          assert.equal(put.metadata.generation, before.metadata.generation);
          const record = written.metadata.managedFields.find((entry: Json) => entry.subresource === 'status');
          if (JSON.stringify(written.status) !== JSON.stringify(before.status))
            assert.ok(record, 'a record of its own');
        });

      it('is neither made nor deleted by a dry run', async () => {
        const other = { ...object('other') };
        const tried = await ok('POST', `${collection}?dryRun=All`, other, 201);
        assert.ok(tried.metadata.uid);
        await ok('GET', `${collection}/other`, undefined, 404);
        await ok('DELETE', `${path}?dryRun=All`);
        await ok('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', dryRun: ['All'] });
        if (info.verbs === undefined)
          await ok('DELETE', `${collection}?dryRun=All&fieldSelector=metadata.name%3Dsample`);
        await ok('GET', path);
      });

      it('is refused with the words of its resource', async () => {
        const name = resourceName(info);
        assert.equal((await ok('GET', `${collection}/none`, undefined, 404)).message, `${name} "none" not found`);
        assert.equal((await ok('POST', collection, object('sample'), 409)).message, `${name} "sample" already exists`);
        const stale = { ...(await ok('GET', path)) };
        stale.metadata = { ...stale.metadata, resourceVersion: '1', labels: { stale: 'yes' } };
        const conflict = await ok('PUT', path, stale, 409);
        const details = { name: 'sample', ...(info.group !== '' && { group: info.group }), kind: info.plural };
        assert.deepEqual(conflict.details, details);
        const why = 'the object has been modified; please apply your changes to the latest version and try again';
        assert.equal(conflict.message, `Operation cannot be fulfilled on ${name} "sample": ${why}`);
        assert.equal((await ok('PATCH', path, { kind: 'Gadget' }, 400)).reason, 'BadRequest');
      });

      it('goes with a Status that names its uid', async () => {
        const gone = await ok('DELETE', path);
        if (info.plural === 'namespaces') return;
        const { uid } = made.metadata;
        const group = info.group === '' ? {} : { group: info.group };
        assert.deepEqual(gone.details, { name: 'sample', kind: info.plural, uid, ...group });
        await ok('GET', path, undefined, 404);
      });
    });
  }
});
