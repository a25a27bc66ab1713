import assert from 'node:assert/strict';
import { hasReason } from '../../shared/errors.ts';
import { decodeBody, decodeObject, type FieldValidation } from '../../shared/objects/decode.ts';
import { findKind, type ResourceInfo } from '../../shared/objects/resources.ts';

function kind(apiVersion: string, name: string): ResourceInfo {
  const info = findKind(apiVersion, name);
  assert.ok(info);
  return info;
}

const pods = kind('v1', 'Pod');
const deployments = kind('apps/v1', 'Deployment');

const podWith = (spec: unknown, metadata: unknown = { name: 'web' }): unknown => ({ metadata, spec });

function decodePod(body: unknown, mode: FieldValidation = 'Strict'): unknown {
  return decodeObject(pods, body, mode).object;
}

/** Asserts that the body is refused with BadRequest and words that match. */
function refuses(info: ResourceInfo, body: unknown, words: RegExp): void {
  assert.throws(
    () => decodeObject(info, body, 'Ignore'),
    (error) => hasReason(error, 'BadRequest') && words.test(error.message),
    `${JSON.stringify(body)?.slice(0, 200)} should fail with ${words.source}`,
  );
}

describe('decode', () => {
  it('fills in kind and apiVersion, and leaves out nulls', () => {
    const body = { metadata: { name: 'web', creationTimestamp: null }, spec: { containers: [], nodeName: null } };
    assert.deepEqual(decodePod(body), {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web' },
      spec: { containers: [] },
    });
  });

  it('puts quantities, times and base64 into canonical form', () => {
    const resources = { limits: { cpu: 0.5, memory: '1024Mi' }, requests: { cpu: '1000m' } };
    const metadata = { name: 'web', creationTimestamp: '2026-01-01T02:00:00.25+02:00' };
    const decoded = decodePod(podWith({ containers: [{ name: 'c', resources }] }, metadata));
    assert.deepEqual(decoded, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: {
        containers: [{ name: 'c', resources: { limits: { cpu: '500m', memory: '1Gi' }, requests: { cpu: '1' } } }],
      },
    });
    const lease = decodeObject(
      kind('coordination.k8s.io/v1', 'Lease'),
      { spec: { renewTime: '2026-01-01T00:00:00Z' } },
      'Strict',
    );
    assert.deepEqual((lease.object as { spec?: unknown }).spec, { renewTime: '2026-01-01T00:00:00.000000Z' });
    const secret = decodeObject(kind('v1', 'Secret'), { data: { a: 'aGVs\nbG8=' } }, 'Strict');
    assert.deepEqual((secret.object as { data?: unknown }).data, { a: 'aGVsbG8=' });
  });

  it('keeps a null in a map of strings as an empty text', () => {
    assert.deepEqual(decodePod({ metadata: { annotations: { a: null } } }), {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { annotations: { a: '' } },
    });
  });

  it('takes a null in a list of strings for an empty text, as in a map of them', () => {
    const containers = [{ name: 'c', command: ['sh', null], args: [null] }];
    assert.deepEqual(decodePod({ metadata: { finalizers: [null] }, spec: { containers } }), {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { finalizers: [''] },
      spec: { containers: [{ name: 'c', command: ['sh', ''], args: [''] }] },
    });
  });

  it('refuses, tells or forgets unknown fields as asked', () => {
    const body = { spec: { replicsa: 1, template: { spec: { containers: [{ name: 'c', foo: {} }] } } }, extra: 1 };
    const told = ['spec.replicsa', 'spec.template.spec.containers[0].foo', 'extra'].map(
      (path) => `unknown field "${path}"`,
    );
    assert.throws(
      () => decodeObject(deployments, body, 'Strict'),
      (error) =>
        hasReason(error, 'BadRequest') &&
        error.message ===
          `Deployment in version "v1" cannot be handled as a Deployment: strict decoding error: ${told.join(', ')}`,
    );
    const warned = decodeObject(deployments, body, 'Warn');
    assert.deepEqual(warned.warnings, told);
    assert.deepEqual(warned.object, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {},
      spec: { template: { spec: { containers: [{ name: 'c' }] } } },
    });
    assert.deepEqual(decodeObject(deployments, body, 'Ignore').warnings, []);
  });

  it('reports what parsing has noticed with the rest', () => {
    assert.deepEqual(decodeObject(pods, { a: 1 }, 'Warn', ['duplicate field "spec"']).warnings, [
      'duplicate field "spec"',
      'unknown field "a"',
    ]);
  });

  it('refuses another kind or version', () => {
    refuses(pods, { kind: 'Service', apiVersion: 'v1' }, /^Service in version "v1" cannot be handled as a Pod$/);
    refuses(
      deployments,
      { kind: 'Deployment', apiVersion: 'v1' },
      /^the API version in the data \(v1\) does not match/,
    );
    refuses(pods, { kind: 1 }, /must be strings/);
    for (const body of [undefined, null, [], 'x', 1]) refuses(pods, body, /unrecognized \(must be of type Pod\)/);
  });

  it('refuses wrong types at every level and names the field', () => {
    refuses(pods, { metadata: 'x' }, /cannot unmarshal string into field metadata of type object/);
    refuses(pods, { metadata: { labels: [] } }, /cannot unmarshal array into field metadata.labels of type map/);
    refuses(pods, { metadata: { labels: { a: 1 } } }, /field metadata.labels\[a\]: json: cannot unmarshal number/);
    refuses(pods, podWith({ containers: {} }), /cannot unmarshal object into field spec.containers of type array/);
    refuses(
      pods,
      podWith({ containers: [null] }),
      /cannot unmarshal null into field spec.containers\[0\] of type object/,
    );
    refuses(pods, podWith({ containers: [{ image: 1.25 }] }), /field spec.containers\[0\].image: .*number.*string/);
    refuses(pods, podWith({ containers: [{ args: [1] }] }), /field spec.containers\[0\].args\[0\]: .*number/);
    refuses(pods, podWith({ hostNetwork: 'yes' }), /field spec.hostNetwork: .*string.*bool/);
    refuses(deployments, { spec: { replicas: 1.5 } }, /field spec.replicas: .*number 1.5.*int32/);
    refuses(deployments, { spec: { replicas: 2 ** 31 } }, /field spec.replicas: .*int32/);
    refuses(deployments, { spec: { replicas: '3' } }, /field spec.replicas: .*string.*int32/);
    refuses(pods, podWith({ terminationGracePeriodSeconds: 1e300 }), /int64/);
    refuses(pods, podWith({ overhead: { cpu: 'lots' } }), /field spec.overhead\[cpu\]: quantities must match/);
    refuses(pods, podWith({ overhead: { cpu: [] } }), /field spec.overhead\[cpu\]/);
    refuses(pods, { metadata: { creationTimestamp: '0000-01-01T00:00:00+01:00' } }, /parsing time/);
    for (const at of ['2024-02-30T00:00:00Z', '2024-01-01T24:00:00Z'])
      refuses(pods, { metadata: { creationTimestamp: at } }, /parsing time/);
    refuses(pods, { metadata: { creationTimestamp: 'now' } }, /field metadata.creationTimestamp: parsing time "now"/);
    refuses(kind('v1', 'Secret'), { data: { a: 'no base64!' } }, /field data\[a\]: illegal base64 data/);
  });

  it('cannot be made to touch prototypes', () => {
    const labels = JSON.parse('{"__proto__":"x"}') as unknown;
    refuses(pods, { metadata: { labels } }, /"__proto__" is not allowed/);
    const body = JSON.parse('{"__proto__":{"polluted":1},"spec":{"constructor":1,"toString":2}}') as unknown;
    assert.deepEqual(decodeObject(pods, body, 'Warn').warnings.length, 3);
    assert.equal((decodePod(body, 'Ignore') as { polluted?: number }).polluted, undefined);
  });

  it('reads the bodies that are not stored', () => {
    const options = decodeBody('DeleteOptions', { propagationPolicy: 'Background' }, 'Strict').object;
    assert.deepEqual(options, { propagationPolicy: 'Background', apiVersion: 'v1', kind: 'DeleteOptions' });
    assert.deepEqual(decodeBody('DeleteOptions', undefined, 'Strict').object, {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
    });
    assert.equal(decodeBody('DeleteOptions', { apiVersion: 'apps/v1' }, 'Strict').object.apiVersion, 'apps/v1');
    const scale = { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name: 'web' }, spec: { replicas: 3 } };
    assert.deepEqual(decodeBody('Scale', scale, 'Strict').object, scale);
    assert.throws(() => decodeBody('Binding', { target: 'node-1' }, 'Strict'), /field target of type object/);
  });
});
