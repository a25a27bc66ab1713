import assert from 'node:assert/strict';
import { ApiHarness, type Json } from '../api/harness.ts';
import { configMapManifest, deploymentManifest, podManifest } from '../api/manifests.ts';
import { status } from './status.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const pods = '/api/v1/namespaces/default/pods';
const deployments = '/apis/apps/v1/namespaces/default/deployments';

function pod(spec: object): Json {
  return { ...podManifest('p'), spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec } };
}

function deployment(spec: object): Json {
  const made = deploymentManifest('web') as Json;
  return { ...made, spec: { ...made.spec, ...spec } };
}

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

describe('contract: 422 Invalid', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
    assert.equal((await api.call('POST', maps, { body: configMapManifest('a') })).code, 201);
  });
  after(() => api?.stop());

  /** path, body, the name in the message, and the one cause. */
  const rows: [string, string, Json, string, string, string, string][] = [
    ['Required', pods, pod({ containers: [] }), 'Pod "p"', 'FieldValueRequired', 'spec.containers', 'Required value'],
    [
      'Invalid',
      maps,
      configMapManifest('A_'),
      'ConfigMap "A_"',
      'FieldValueInvalid',
      'metadata.name',
      `Invalid value: "A_": ${subdomain}`,
    ],
    [
      'NotSupported',
      deployments,
      deployment({ strategy: { type: 'Sideways' } }),
      'Deployment.apps "web"',
      'FieldValueNotSupported',
      'spec.strategy.type',
      'Unsupported value: "Sideways": supported values: "Recreate", "RollingUpdate"',
    ],
    [
      'Duplicate',
      pods,
      pod({
        containers: [
          { name: 'c', image: 'i:1' },
          { name: 'c', image: 'i:1' },
        ],
      }),
      'Pod "p"',
      'FieldValueDuplicate',
      'spec.containers[1].name',
      'Duplicate value: "c"',
    ],
    [
      'Invalid of another group',
      deployments,
      deployment({ replicas: -1 }),
      'Deployment.apps "web"',
      'FieldValueInvalid',
      'spec.replicas',
      'Invalid value: -1: must be greater than or equal to 0',
    ],
  ];
  for (const [name, path, body, subject, reason, field, message] of rows)
    it(`names the Kind, not the resource, and the field: ${name}`, async () => {
      const { code, json } = await api.call('POST', path, { body });
      const [kind = '', group] = (subject.split(' ')[0] ?? '').split('.');
      const details = { kind, name: body.metadata.name, ...(group && { group }), causes: [{ reason, message, field }] };
      assert.deepEqual(json, status(422, 'Invalid', `${subject} is invalid: ${field}: ${message}`, details));
      assert.equal(code, 422);
    });

  it('forbids what may not change', async () => {
    assert.equal((await api.call('POST', pods, { body: pod({}) })).code, 201);
    const headers = { 'content-type': 'application/merge-patch+json' };
    const { code, json } = await api.call('PATCH', `${pods}/p`, { body: { spec: { hostNetwork: true } }, headers });
    assert.equal(code, 422);
    assert.equal(json.details.causes[0].reason, 'FieldValueForbidden');
    assert.match(json.message, /^Pod "p" is invalid: spec: Forbidden: pod updates may not change fields other than/);
  });

  it('tells everything that is wrong at once, in brackets', async () => {
    const body = pod({ containers: [{ image: 'i:1' }, { name: 'b' }] });
    const { json } = await api.call('POST', pods, { body });
    const causes = json.details.causes.map(({ field, message }: Json) => `${field}: ${message}`);
    assert.deepEqual(causes, ['spec.containers[0].name: Required value', 'spec.containers[1].image: Required value']);
    assert.equal(json.message, `Pod "p" is invalid: [${causes.join(', ')}]`);
  });

  const merge = { 'content-type': 'application/merge-patch+json' };
  const apply = { 'content-type': 'application/apply-patch+yaml' };
  const applied = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
  const options: [string, string, Json, Record<string, string>, string, string][] = [
    [
      'POST',
      `${maps}?dryRun=Foo`,
      configMapManifest('o'),
      {},
      'Create',
      'dryRun: Unsupported value: ["Foo"]: supported values: "All"',
    ],
    [
      'PUT',
      `${maps}/a?dryRun=Foo`,
      configMapManifest('a'),
      {},
      'Update',
      'dryRun: Unsupported value: ["Foo"]: supported values: "All"',
    ],
    [
      'PATCH',
      `${maps}/a?dryRun=all`,
      {},
      merge,
      'Patch',
      'dryRun: Unsupported value: ["all"]: supported values: "All"',
    ],
    [
      'DELETE',
      `${maps}/a?dryRun=Foo`,
      undefined,
      {},
      'Delete',
      'dryRun: Unsupported value: ["Foo"]: supported values: "All"',
    ],
    [
      'DELETE',
      `${maps}/a`,
      { dryRun: ['Foo'] },
      {},
      'Delete',
      'dryRun: Unsupported value: ["Foo"]: supported values: "All"',
    ],
    [
      'DELETE',
      `${maps}?dryRun=Foo`,
      undefined,
      {},
      'Delete',
      'dryRun: Unsupported value: ["Foo"]: supported values: "All"',
    ],
    [
      'POST',
      `${maps}?fieldValidation=Loose`,
      configMapManifest('o'),
      {},
      'Create',
      'fieldValidation: Unsupported value: "Loose": supported values: "Ignore", "Strict", "Warn"',
    ],
    [
      'POST',
      `${maps}?fieldManager=${'m'.repeat(129)}`,
      configMapManifest('o'),
      {},
      'Create',
      'fieldManager: Too long: may not be more than 128 bytes',
    ],
    ['PATCH', `${maps}/a?force=true`, {}, merge, 'Patch', 'force: Forbidden: may not be specified for non-apply patch'],
    ['PATCH', `${maps}/a`, applied, apply, 'Patch', 'fieldManager: Required value: is required for apply patch'],
    [
      'DELETE',
      `${maps}/a?propagationPolicy=Maybe`,
      undefined,
      {},
      'Delete',
      'propagationPolicy: Unsupported value: "Maybe": supported values: "Foreground", "Background", "Orphan"',
    ],
    [
      'DELETE',
      `${maps}/a`,
      { propagationPolicy: 'Orphan', orphanDependents: true },
      {},
      'Delete',
      'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
    ],
  ];
  for (const [method, path, body, headers, kind, why] of options)
    it(`refuses options in their own name: ${method} ${path.slice(maps.length, maps.length + 60)} ${why}`, async () => {
      const { code, json } = await api.call(method, path, { body, headers });
      assert.deepEqual([code, json.message], [422, `${kind}Options.meta.k8s.io "" is invalid: ${why}`]);
      const { kind: of, group, name, causes } = json.details;
      assert.deepEqual([of, group, name], [`${kind}Options`, 'meta.k8s.io', undefined]);
      assert.equal(`${causes[0].field}: ${causes[0].message}`, why);
    });
});
