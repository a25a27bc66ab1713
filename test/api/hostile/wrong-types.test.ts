import assert from 'node:assert/strict';
import { apiVersionOf, resourceName, type ResourceInfo } from '../../../shared/objects/resources.ts';
import { ApiHarness } from '../harness.ts';
import { wrongTypes, type WrongType } from './wrong-types.ts';

describe('values of a wrong type', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api.stop());

  const pathOf = (info: ResourceInfo): string => {
    const { group, version, plural, namespaced } = info;
    return `${group === '' ? '/api' : `/apis/${group}`}/${version}/${namespaced ? 'namespaces/default/' : ''}${plural}`;
  };

  for (const [resource, wrong] of Map.groupBy(wrongTypes(), ({ info }) => resourceName(info))) {
    it(`are refused with the name of the field, ${wrong.length} in ${resource}`, async () => {
      const { version } = api.store;
      for (const each of wrong) await refuses(each);
      assert.equal(api.store.version, version, 'something was stored');
    });
  }

  const refuses = async ({ info, path, manifest }: WrongType): Promise<void> => {
    const body = { apiVersion: apiVersionOf(info), kind: info.kind, ...manifest };
    const { code, json, text } = await api.call('POST', pathOf(info), { body });
    const what = `${JSON.stringify(body)}: ${text}`;
    assert.equal(code, 400, what);
    assert.equal(json.reason, 'BadRequest', what);
    const isNul = JSON.stringify(body).includes('\\u0000');
    assert.ok(isNul ? json.message.includes('NUL') : json.message.includes(path), what);
  };
});
