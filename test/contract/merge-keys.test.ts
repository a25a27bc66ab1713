import assert from 'node:assert/strict';
import { ApiHarness, type Json } from '../api/harness.ts';
import { mergeRows, type Element, type MergeRow } from './merge-key-rows.ts';

const strategic = { 'content-type': 'application/strategic-merge-patch+json' };
const applied = { 'content-type': 'application/apply-patch+yaml' };

describe('contract: lists that merge by a key', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());

  async function send(method: string, path: string, body: object, headers?: Record<string, string>): Promise<Json> {
    const answer = await api.call(method, path, { body, ...(headers && { headers }) });
    assert.ok(answer.code < 300, `${method} ${path}: ${answer.text}`);
    return answer.json;
  }

  mergeRows.forEach((row, at) => {
    const { field, key, elements, change, isStatus } = row;
    const [first, second, third] = elements;
    const part = isStatus ? '/status' : '';
    const object = (name: string, fields: object): object => ({
      apiVersion: row.apiVersion,
      kind: row.kind,
      metadata: { name },
      ...row.content(fields),
    });
    const listIn = (answer: Json): Element[] => (row.holder(answer as never)?.[field] ?? []) as Element[];
    const keysIn = (answer: Json): unknown[] => listIn(answer).map((element) => element[key]);
    const changed = { ...first, ...change };

    /** The element with this key says all of `said`. */
    function says(answer: Json, said: Element): void {
      const found = listIn(answer).find((element) => element[key] === said[key]);
      assert.deepEqual({ ...found, ...said }, found);
    }

    describe(row.what, () => {
      it('are changed, added to, removed from and ordered by a strategic merge patch', async () => {
        const name = `strategic-${at}`;
        await send('POST', row.collection, object(name, { [field]: [first, second] }));
        const path = `${row.collection}/${name}${part}`;
        if (isStatus) await send('PATCH', path, object(name, { [field]: [first, second] }), strategic);
        const patched = await send(
          'PATCH',
          path,
          object(name, {
            [`$setElementOrder/${field}`]: [{ [key]: third[key] }, { [key]: first[key] }],
            [field]: [{ [key]: first[key], ...change }, third, { [key]: second[key], $patch: 'delete' }],
          }),
          strategic,
        );
        assert.deepEqual(keysIn(patched), [third[key], first[key]]);
        says(patched, changed);
        says(patched, third);
        const replaced = object(name, { [field]: [second, { $patch: 'replace' }] });
        assert.deepEqual(keysIn(await send('PATCH', path, replaced, strategic)), [second[key]]);
      });

      it('belong to their appliers element by element', async () => {
        const name = `applied-${at}`;
        if (isStatus) await send('POST', row.collection, object(name, {}));
        const apply = (manager: string, list: Element[] | undefined): Promise<Json> =>
          send(
            'PATCH',
            `${row.collection}/${name}${part}?fieldManager=${manager}`,
            object(name, list === undefined ? {} : { [field]: list }),
            applied,
          );
        await apply('one', [first, second]);
        assert.deepEqual(keysIn(await apply('two', [third])), [first[key], second[key], third[key]]);
        const again = await apply('one', [changed]);
        assert.deepEqual(keysIn(again), [first[key], third[key]], 'what its applier says no more goes');
        says(again, changed);
        says(again, third);
        assert.deepEqual(keysIn(await apply('two', undefined)), [first[key]], 'and nothing else');
        assert.deepEqual(ownedKeys(row, again), [first[key]]);
      });
    });
  });

  /** Keys of the elements of the list that `one` owns. */
  function ownedKeys({ field, key }: MergeRow, { metadata }: Json): unknown[] {
    const entry = metadata.managedFields.find(({ manager }: Json) => manager === 'one');
    const find = (fields: Record<string, object>): string[] =>
      Object.entries(fields).flatMap(([step, below]) =>
        step === `f:${field}` ? Object.keys(below) : find(below as Record<string, object>),
      );
    return find(entry.fieldsV1).map((step) => JSON.parse(step.slice('k:'.length))[key]);
  }
});
