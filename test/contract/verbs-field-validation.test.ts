import assert from 'node:assert/strict';
import { ApiHarness, type Answer, type Json } from '../api/harness.ts';
import { deploymentManifest } from '../api/manifests.ts';

const deployments = '/apis/apps/v1/namespaces/default/deployments';
const web = `${deployments}/web`;

/** The manifest with a field that nobody knows at three depths, and one that is written twice. */
const mistaken = JSON.stringify(deploymentManifest('web'))
  .replace('"replicas":1', '"replicas":1,"replicas":2,"replicsa":3')
  .replace('"name":"main"', '"name":"main","imge":"x"')
  .replace('"metadata":{"name"', '"metdata":{},"metadata":{"name"');
const mistakes = [
  'duplicate field "spec.replicas"',
  'unknown field "metdata"',
  'unknown field "spec.replicsa"',
  'unknown field "spec.template.spec.containers[0].imge"',
];

interface Write {
  name: string;
  method: string;
  path: string;
  type: string;
  body: string;
  problems: readonly string[];
}

const patch = (type: string, body: string, problems: readonly string[]): Write => {
  return { name: `PATCH ${type}`, method: 'PATCH', path: web, type: `application/${type}`, body, problems };
};
const inPatch = ['duplicate field "spec.paused"', 'unknown field "spec.replicsa"'];
const merging = '{"spec":{"paused":true,"paused":false,"replicsa":3}}';
const writes: Write[] = [
  { name: 'POST', method: 'POST', path: deployments, type: 'application/json', body: mistaken, problems: mistakes },
  { name: 'PUT', method: 'PUT', path: web, type: 'application/json', body: mistaken, problems: mistakes },
  {
    name: 'PUT of YAML',
    method: 'PUT',
    path: web,
    type: 'application/yaml',
    body: `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec: ${JSON.stringify((deploymentManifest('web') as Json).spec)}\nspce: 1\n`,
    problems: ['unknown field "spce"'],
  },
  patch('merge-patch+json', merging, inPatch),
  patch('strategic-merge-patch+json', merging, inPatch),
  patch('json-patch+json', '[{"op":"add","path":"/spec/replicsa","value":3}]', inPatch.slice(1)),
  patch('apply-patch+yaml', mistaken, mistakes),
];

describe('contract: fields that are unknown or written twice', () => {
  let api: ApiHarness;

  beforeEach(async () => {
    api = await ApiHarness.start();
  });
  afterEach(() => api.stop());

  for (const { name, method, path, type, body, problems } of writes) {
    const send = async (validation: string): Promise<Answer> => {
      if (method !== 'POST') await api.call('POST', deployments, { body: deploymentManifest('web') });
      const query = `fieldManager=m&force=true${validation}`.replace(type.includes('apply') ? '' : '&force=true', '');
      return api.call(method, `${path}?${query}`, { body, headers: { 'content-type': type } });
    };

    it(`Strict refuses them all: ${name}`, async () => {
      const { code, json } = await send('&fieldValidation=Strict');
      assert.deepEqual([code, json.reason], [400, 'BadRequest']);
      const [, told] = /strict decoding error: (.*)$/.exec(json.message) ?? [];
      assert.deepEqual(told?.split(', ').sort(), [...problems].sort());
    });

    for (const validation of ['&fieldValidation=Warn', ''])
      it(`${validation === '' ? 'without a word it' : 'Warn'} warns of each: ${name}`, async () => {
        const { code, headers, json } = await send(validation);
        assert.ok(code < 300, JSON.stringify(json));
        const warnings = problems.map((problem) => `299 - "${problem.replaceAll('"', '\\"')}"`);
        assert.deepEqual(String(headers.warning).split(', ').sort(), warnings.sort());
        assert.equal(json.spec.replicsa, undefined);
      });

    it(`Ignore says nothing, and stores none of it: ${name}`, async () => {
      const { code, headers } = await send('&fieldValidation=Ignore');
      assert.ok(code < 300);
      assert.equal(headers.warning, undefined);
      assert.ok(!(await api.call('GET', web)).text.includes('replicsa'));
    });
  }

  it('names the line of a YAML key that is written twice, as an error and as a warning', async () => {
    const headers = { 'content-type': 'application/yaml' };
    const path = '/api/v1/namespaces/default/configmaps';
    const body = 'metadata:\n  name: a\ndata:\n  k: "1"\n  k: "2"\n  l: "1"\n  l: "2"\n';
    const { code, json } = await api.call('POST', `${path}?fieldValidation=Strict`, { body, headers });
    const lines = ['line 5: key "k" already set in map', 'line 7: key "l" already set in map'];
    assert.equal(code, 400);
    const [, told] = /strict decoding error: ([^]*)$/.exec(json.message) ?? [];
    assert.equal(told, `yaml: unmarshal errors:\n  ${lines.join('\n  ')}`);
    const warned = await api.call('POST', path, { body, headers });
    assert.equal(warned.code, 201);
    assert.equal(warned.headers.warning, lines.map((line) => `299 - "${line.replaceAll('"', '\\"')}"`).join(', '));
  });
});
