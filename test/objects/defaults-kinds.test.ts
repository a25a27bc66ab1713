import assert from 'node:assert/strict';
import { applyDefaults } from '../../shared/objects/defaults.ts';
import type { Job, ReplicationController, StatefulSet } from '../../shared/objects/types.ts';
import { readManifest } from './read-object.ts';

const template = 'template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "hello:1"}]}}';
const manifest = (apiVersion: string, kind: string, rest: string): string =>
  `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: web}, ${rest}}`;
const complete = <T>(text: string): T => readManifest(text).object as T;

/** A manifest, and what is there afterwards, besides what it says. */
const cases: readonly (readonly [string, object])[] = [
  [
    manifest('v1', 'Service', 'spec: {type: NodePort, sessionAffinity: ClientIP, ports: [{port: 80}]}'),
    {
      spec: {
        type: 'NodePort',
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } },
        ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
        internalTrafficPolicy: 'Cluster',
        externalTrafficPolicy: 'Cluster',
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
      },
      status: { loadBalancer: {} },
    },
  ],
  [
    manifest('v1', 'Service', 'spec: {type: ExternalName, externalName: example.com}'),
    {
      spec: { type: 'ExternalName', externalName: 'example.com', sessionAffinity: 'None' },
      status: { loadBalancer: {} },
    },
  ],
  [
    manifest('v1', 'PersistentVolumeClaim', 'spec: {dataSource: {kind: PersistentVolumeClaim, name: old}}'),
    {
      spec: {
        volumeMode: 'Filesystem',
        dataSource: { kind: 'PersistentVolumeClaim', name: 'old' },
        dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'old' },
      },
      status: { phase: 'Pending' },
    },
  ],
  [
    manifest('v1', 'PersistentVolume', 'spec: {hostPath: {path: /data}}'),
    {
      spec: {
        hostPath: { path: '/data', type: '' },
        persistentVolumeReclaimPolicy: 'Retain',
        volumeMode: 'Filesystem',
      },
      status: { phase: 'Pending' },
    },
  ],
  [
    manifest('v1', 'LimitRange', 'spec: {limits: [{type: Container, max: {cpu: 2}, min: {memory: 1Mi}}, {type: Pod}]}'),
    {
      spec: {
        limits: [
          {
            type: 'Container',
            max: { cpu: '2' },
            min: { memory: '1Mi' },
            default: { cpu: '2' },
            defaultRequest: { cpu: '2', memory: '1Mi' },
          },
          { type: 'Pod' },
        ],
      },
    },
  ],
  [
    manifest(
      'autoscaling/v2',
      'HorizontalPodAutoscaler',
      'spec: {maxReplicas: 3, behavior: {scaleDown: {policies: []}}}',
    ),
    {
      spec: {
        maxReplicas: 3,
        minReplicas: 1,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
        ],
        behavior: {
          scaleUp: {
            selectPolicy: 'Max',
            stabilizationWindowSeconds: 0,
            policies: [
              { type: 'Pods', value: 4, periodSeconds: 15 },
              { type: 'Percent', value: 100, periodSeconds: 15 },
            ],
          },
          scaleDown: { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
        },
      },
      status: { currentReplicas: 0, desiredReplicas: 0 },
    },
  ],
  [
    manifest('networking.k8s.io/v1', 'NetworkPolicy', 'spec: {egress: [{ports: [{port: 53}]}]}'),
    {
      spec: {
        podSelector: {},
        egress: [{ ports: [{ port: 53, protocol: 'TCP' }] }],
        policyTypes: ['Ingress', 'Egress'],
      },
    },
  ],
  [
    manifest('discovery.k8s.io/v1', 'EndpointSlice', 'addressType: IPv4, ports: [{port: 80}]'),
    { addressType: 'IPv4', ports: [{ name: '', port: 80, protocol: 'TCP' }] },
  ],
  [
    manifest('v1', 'Endpoints', 'subsets: [{ports: [{port: 80}]}]'),
    { subsets: [{ ports: [{ port: 80, protocol: 'TCP' }] }] },
  ],
  [
    manifest('scheduling.k8s.io/v1', 'PriorityClass', 'value: 5'),
    { value: 5, preemptionPolicy: 'PreemptLowerPriority' },
  ],
  [
    manifest('storage.k8s.io/v1', 'StorageClass', 'provisioner: a/b'),
    { provisioner: 'a/b', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' },
  ],
  [
    manifest('networking.k8s.io/v1', 'IngressClass', 'spec: {controller: a/b, parameters: {kind: K, name: some}}'),
    { spec: { controller: 'a/b', parameters: { kind: 'K', name: 'some', scope: 'Cluster' } } },
  ],
  [
    manifest(
      'rbac.authorization.k8s.io/v1',
      'RoleBinding',
      'roleRef: {kind: Role, name: r}, subjects: [{kind: User, name: u}, {kind: ServiceAccount, name: s}]',
    ),
    {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' },
      subjects: [
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'u' },
        { kind: 'ServiceAccount', name: 's' },
      ],
    },
  ],
];

describe('defaults of kinds', () => {
  for (const [text, expected] of cases) {
    const { info } = readManifest(text);
    it(`fills in a ${info.kind}: ${text.slice(text.indexOf('web}, ') + 6, -1)}`, () => {
      const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = readManifest(text).object;
      assert.deepEqual(rest, expected);
    });
  }

  it('fills in a StatefulSet and its claims', () => {
    const claims = 'volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}]';
    const { spec } = complete<StatefulSet>(manifest('apps/v1', 'StatefulSet', `spec: {${template}, ${claims}}`));
    assert.deepEqual(spec?.persistentVolumeClaimRetentionPolicy, { whenDeleted: 'Retain', whenScaled: 'Retain' });
    assert.deepEqual(spec?.updateStrategy, { type: 'RollingUpdate', rollingUpdate: { partition: 0 } });
    assert.deepEqual(spec?.volumeClaimTemplates, [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: { accessModes: ['ReadWriteOnce'], volumeMode: 'Filesystem' },
        status: { phase: 'Pending' },
      },
    ]);
  });

  it('has a ReplicationController select what it makes', () => {
    const text = manifest('v1', 'ReplicationController', `spec: {${template}}`);
    const { metadata, spec } = complete<ReplicationController>(text);
    assert.deepEqual([metadata?.labels, spec?.selector, spec?.replicas], [{ app: 'web' }, { app: 'web' }, 1]);
  });

  it('tells the pods of a job by its uid, unless the job brings a selector', () => {
    const job = (rest: string): Job => complete(manifest('batch/v1', 'Job', `spec: {${template}${rest}}`));
    const { metadata, spec } = job('');
    assert.deepEqual(metadata?.labels, { app: 'web' });
    assert.deepEqual(spec?.selector, { matchLabels: { 'batch.kubernetes.io/controller-uid': 'a-uid' } });
    assert.deepEqual(spec?.template.metadata?.labels, {
      app: 'web',
      'batch.kubernetes.io/controller-uid': 'a-uid',
      'batch.kubernetes.io/job-name': 'web',
      'controller-uid': 'a-uid',
      'job-name': 'web',
    });
    const { template: _template, selector: _selector, ...others } = spec ?? {};
    assert.deepEqual(others, {
      parallelism: 1,
      completions: 1,
      backoffLimit: 6,
      completionMode: 'NonIndexed',
      suspend: false,
      manualSelector: false,
      podReplacementPolicy: 'TerminatingOrFailed',
    });
    const manual = job(', manualSelector: true, selector: {matchLabels: {app: web}}').spec;
    assert.deepEqual(manual?.selector, { matchLabels: { app: 'web' } });
    assert.deepEqual(manual?.template.metadata?.labels, { app: 'web' });
    const { backoffLimit, podReplacementPolicy } =
      job(', completionMode: Indexed, backoffLimitPerIndex: 1, podFailurePolicy: {rules: []}').spec ?? {};
    assert.deepEqual([backoffLimit, podReplacementPolicy], [2 ** 31 - 1, 'Failed']);
  });

  it('changes nothing the second time', () => {
    for (const [text] of cases) {
      const { info, object } = readManifest(text);
      assert.deepEqual(applyDefaults(info, object), object);
    }
  });
});
