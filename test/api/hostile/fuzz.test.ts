import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ApiHarness } from '../harness.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const probe = { httpGet: { path: '/', port: 80 }, periodSeconds: 5 };
const container: Json = {
  name: 'main',
  image: 'hello:1',
  command: ['sh'],
  env: [
    { name: 'A', value: '1' },
    { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'C', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
  ],
  envFrom: [{ configMapRef: { name: 'm' } }],
  ports: [{ containerPort: 80, name: 'http', hostPort: 8080 }],
  resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
  volumeMounts: [{ name: 'v', mountPath: '/v' }],
  livenessProbe: probe,
  readinessProbe: { exec: { command: ['true'] } },
  startupProbe: { tcpSocket: { port: 'http' } },
  lifecycle: { preStop: { exec: { command: ['true'] } } },
  securityContext: { runAsUser: 1, capabilities: { drop: ['ALL'] } },
};
const spec: Json = {
  containers: [container],
  initContainers: [{ name: 'init', image: 'hello:1', restartPolicy: 'Always' }],
  volumes: [
    { name: 'v', emptyDir: { sizeLimit: '1Mi' } },
    { name: 'w', configMap: { name: 'm', items: [{ key: 'k', path: 'p' }] } },
    { name: 'x', projected: { sources: [{ secret: { name: 's' } }] } },
  ],
  tolerations: [{ key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 3 }],
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] }],
      },
    },
  },
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { a: 'b' } } },
  ],
  nodeSelector: { a: 'b' },
  securityContext: { fsGroup: 1, sysctls: [{ name: 'a', value: 'b' }] },
  hostAliases: [{ ip: '1.2.3.4', hostnames: ['a'] }],
  dnsConfig: { nameservers: ['1.1.1.1'], options: [{ name: 'ndots', value: '2' }] },
  terminationGracePeriodSeconds: 5,
};
const metadata = {
  name: 'x',
  labels: { a: 'b' },
  annotations: { c: 'd' },
  finalizers: ['example.com/f'],
  ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'o', uid: 'u', controller: true }],
};
const selector = { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] };
const template = { metadata: { labels: { a: 'b' } }, spec };
const core = '/api/v1/namespaces/default';

/** A full manifest of each kind, and where it is sent. */
const manifests: readonly [path: string, manifest: Json][] = [
  [`${core}/pods`, { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: { phase: 'Running' } }],
  [
    '/apis/apps/v1/namespaces/default/deployments',
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas: 1,
        selector,
        template,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 } },
      },
    },
  ],
  [
    '/apis/apps/v1/namespaces/default/replicasets',
    { apiVersion: 'apps/v1', kind: 'ReplicaSet', metadata, spec: { replicas: 1, selector, template } },
  ],
  [
    `${core}/configmaps`,
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'b' }, binaryData: { c: 'AAAA' }, immutable: true },
  ],
  [
    `${core}/secrets`,
    { apiVersion: 'v1', kind: 'Secret', metadata, data: { a: 'AAAA' }, stringData: { b: 'c' }, type: 'Opaque' },
  ],
  [
    `${core}/serviceaccounts`,
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata, secrets: [{ name: 's' }], imagePullSecrets: [{ name: 's' }] },
  ],
  ['/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata, spec: { finalizers: ['kubernetes'] } }],
  [
    '/api/v1/nodes',
    {
      apiVersion: 'v1',
      kind: 'Node',
      metadata,
      spec: { taints: [{ key: 'a', effect: 'NoSchedule' }], podCIDRs: ['10.0.0.0/24'] },
    },
  ],
  [
    `${core}/events`,
    {
      apiVersion: 'v1',
      kind: 'Event',
      metadata,
      involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
      reason: 'R',
      type: 'Normal',
      eventTime: '2026-01-01T00:00:00.000000Z',
      source: { component: 'c' },
    },
  ],
  [
    '/apis/coordination.k8s.io/v1/namespaces/default/leases',
    {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata,
      spec: { holderIdentity: 'h', leaseDurationSeconds: 3, renewTime: '2026-01-01T00:00:00.000000Z' },
    },
  ],
];

const odd: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(
    null,
    true,
    0,
    -1,
    1.5,
    1e300,
    '',
    ' ',
    '../x',
    '__proto__',
    'a\u0000b',
    [],
    {},
    [null],
    [[]],
    { a: null },
    { constructor: 1 },
  ),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);

/** The paths of all parts of a value. */
function pathsOf(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return [
    path,
    ...keys.flatMap((key) => pathsOf((value as Record<string | number, Json>)[key] ?? null, [...path, key])),
  ];
}

/** A copy with another value, or nothing, at a path. */
function altered(value: Json, path: readonly (string | number)[], replacement: Json | undefined): Json {
  const [key, ...rest] = path;
  if (key === undefined) return replacement ?? null;
  const copy = structuredClone(value) as Record<string | number, Json>;
  if (rest.length > 0) copy[key] = altered(copy[key] ?? null, rest, replacement);
  else if (replacement === undefined) delete copy[key];
  else copy[key] = replacement;
  return copy;
}

describe('altered manifests', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api.stop());

  for (const [path, manifest] of manifests) {
    const changeOf = (value: Json) => fc.tuple(fc.constantFrom(...pathsOf(value)), fc.option(odd, { nil: undefined }));

    it(`of ${path} are taken or refused, never an error of the server`, async () => {
      const whole = await api.call('POST', `${path}?dryRun=All`, { body: manifest });
      assert.ok(whole.code < 300, whole.text);
      await fc.assert(
        fc.asyncProperty(changeOf(manifest), async ([at, replacement]) => {
          const body = JSON.stringify(altered(manifest, at, replacement));
          const { code, text } = await api.call('POST', `${path}?dryRun=All`, { body });
          assert.ok(code < 500, `${code} for ${at.join('.')} = ${JSON.stringify(replacement)}: ${text}`);
        }),
        { numRuns: 60 },
      );
    });

    it(`of ${path} as patches of what is stored are no error of the server either`, async () => {
      const plain = altered(manifest, ['metadata'], { name: 'patched', labels: { a: 'b' } });
      const { code, text } = await api.call('POST', path, { body: plain });
      assert.equal(code, 201, text);
      const kinds = [
        'application/merge-patch+json',
        'application/strategic-merge-patch+json',
        'application/apply-patch+yaml',
      ];
      const patch = fc.tuple(changeOf(plain), fc.constantFrom(...kinds), fc.boolean());
      await fc.assert(
        fc.asyncProperty(patch, async ([[at, replacement], type, force]) => {
          const query = `dryRun=All&fieldManager=fuzz&force=${force}`;
          const body = JSON.stringify(altered(plain, at, replacement));
          const answer = await api.call('PATCH', `${path}/patched?${query}`, {
            body,
            headers: { 'content-type': type },
          });
          assert.ok(
            answer.code < 500,
            `${answer.code} ${type} for ${at.join('.')} = ${JSON.stringify(replacement)}: ${answer.text}`,
          );
        }),
        { numRuns: 60 },
      );
    });
  }
});
