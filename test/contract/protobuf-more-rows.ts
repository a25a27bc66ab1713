import type { Message } from './protobuf-encoder.ts';
import {
  entry,
  moment,
  q,
  row,
  selector,
  selectorJson,
  stamp,
  text,
  workloadRows,
  type ProtobufRow,
} from './protobuf-rows.ts';

const rule: Message = { 1: ['get', 'list'], 2: '', 3: 'pods' };
const ruleJson = { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] };
const subject: Message = { 1: 'User', 2: 'rbac.authorization.k8s.io', 3: 'jane', 4: '' };
const roleRef: Message = { 1: 'rbac.authorization.k8s.io', 2: 'ClusterRole', 3: 'view' };
const bound = {
  subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'jane' }],
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
};
const rbac = 'rbac.authorization.k8s.io/v1';

/** Workloads and everything else. */
export const protobufRows: readonly ProtobufRow[] = [
  ...workloadRows,
  row('v1', 'Namespace', '/namespaces', { 2: {}, 3: { 1: '' } }, { spec: { finalizers: ['kubernetes'] } }),
  row(
    'v1',
    'Node',
    '/nodes',
    { 2: { 3: 'p://1', 4: 1, 5: { 1: 'k', 2: '', 3: 'NoSchedule' } } },
    {
      spec: { providerID: 'p://1', unschedulable: true, taints: [{ key: 'k', effect: 'NoSchedule' }] },
    },
  ),
  row(
    'v1',
    'ConfigMap',
    'configmaps',
    { 2: [entry('a', '1'), entry('b', '')], 3: entry('c', Buffer.from([255, 0])), 4: 0 },
    {
      data: { a: '1', b: '' },
      binaryData: { c: '/wA=' },
      immutable: false,
    },
  ),
  row(
    'v1',
    'Secret',
    'secrets',
    { 2: entry('a', Buffer.from('x')), 3: 'Opaque', 4: entry('b', 'y'), 5: 1 },
    {
      data: { a: 'eA==', b: 'eQ==' },
      type: 'Opaque',
      immutable: true,
    },
  ),
  row(
    'v1',
    'ServiceAccount',
    'serviceaccounts',
    { 2: { 3: 's' }, 3: { 1: 'pull' }, 4: 0 },
    {
      secrets: [{ name: 's' }],
      imagePullSecrets: [{ name: 'pull' }],
      automountServiceAccountToken: false,
    },
  ),
  row(
    'v1',
    'Event',
    'events',
    {
      2: { 1: 'Pod', 2: 'default', 3: 'p' },
      3: 'Because',
      4: 'text',
      5: { 1: 'me' },
      6: stamp,
      7: stamp,
      8: 2,
      9: 'Normal',
      10: {},
      14: '',
      15: '',
    },
    {
      involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' },
      reason: 'Because',
      source: { component: 'me' },
      firstTimestamp: moment,
      count: 2,
      type: 'Normal',
    },
  ),
  row(
    'events.k8s.io/v1',
    'Event',
    'events',
    {
      2: stamp,
      4: 'c',
      5: 'i',
      6: 'Act',
      7: 'Because',
      8: { 1: 'Pod', 2: 'default', 3: 'p' },
      10: 'note',
      11: 'Normal',
    },
    {
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'c',
      action: 'Act',
      regarding: { kind: 'Pod', namespace: 'default', name: 'p' },
      note: 'note',
    },
  ),
  row(
    'v1',
    'Endpoints',
    'endpoints',
    { 2: { 1: { 1: '192.0.2.1', 4: 'n' }, 3: { 1: '', 2: 80, 3: 'TCP' } } },
    {
      subsets: [{ addresses: [{ ip: '192.0.2.1', nodeName: 'n' }], ports: [{ port: 80, protocol: 'TCP' }] }],
    },
  ),
  row(
    'discovery.k8s.io/v1',
    'EndpointSlice',
    'endpointslices',
    { 2: { 1: '192.0.2.1', 2: { 1: 0 }, 6: 'n' }, 3: { 1: 'web', 2: 'TCP', 3: 80 }, 4: 'IPv4' },
    {
      addressType: 'IPv4',
      endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready: false }, nodeName: 'n' }],
      ports: [{ name: 'web', protocol: 'TCP', port: 80 }],
    },
  ),
  row(
    'v1',
    'PersistentVolumeClaim',
    'persistentvolumeclaims',
    { 2: { 1: 'ReadWriteOnce', 2: { 2: entry('storage', q('1Gi')) }, 3: '', 5: '', 6: 'Block' } },
    {
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: '',
        volumeMode: 'Block',
      },
    },
  ),
  row(
    'storage.k8s.io/v1',
    'StorageClass',
    '/storageclasses',
    { 2: 'example.com/a', 3: entry('k', 'v'), 4: 'Retain', 6: 0, 7: 'WaitForFirstConsumer' },
    {
      provisioner: 'example.com/a',
      parameters: { k: 'v' },
      reclaimPolicy: 'Retain',
      allowVolumeExpansion: false,
      volumeBindingMode: 'WaitForFirstConsumer',
    },
  ),
  row(
    'v1',
    'ResourceQuota',
    'resourcequotas',
    { 2: { 1: entry('pods', q('5')), 2: 'BestEffort' } },
    {
      spec: { hard: { pods: '5' }, scopes: ['BestEffort'] },
    },
  ),
  row(
    'v1',
    'LimitRange',
    'limitranges',
    { 2: { 1: { 1: 'Container', 2: entry('cpu', q('2')) } } },
    {
      spec: { limits: [{ type: 'Container', max: { cpu: '2' } }] },
    },
  ),
  row(
    'autoscaling/v1',
    'HorizontalPodAutoscaler',
    'horizontalpodautoscalers',
    { 2: { 1: { 1: 'Deployment', 2: 'd', 3: 'apps/v1' }, 2: 2, 3: 5, 4: 70 } },
    {
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' },
        minReplicas: 2,
        maxReplicas: 5,
        targetCPUUtilizationPercentage: 70,
      },
    },
  ),
  row(
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    'horizontalpodautoscalers',
    {
      2: {
        1: { 1: 'Deployment', 2: 'd', 3: 'apps/v1' },
        3: 5,
        4: { 1: 'Resource', 4: { 1: 'cpu', 2: { 1: 'Utilization', 4: 60 } } },
      },
    },
    {
      spec: {
        maxReplicas: 5,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 } } },
        ],
      },
    },
  ),
  row(
    'policy/v1',
    'PodDisruptionBudget',
    'poddisruptionbudgets',
    { 2: { 2: selector, 3: text('30%') } },
    {
      spec: { selector: selectorJson, maxUnavailable: '30%' },
    },
  ),
  row(
    'networking.k8s.io/v1',
    'Ingress',
    'ingresses',
    {
      2: {
        2: { 1: 'a.example', 2: 't' },
        3: { 1: 'a.example', 2: { 1: { 1: { 1: '/', 2: { 4: { 1: 's', 2: { 1: '', 2: 80 } } }, 3: 'Prefix' } } } },
        4: 'cls',
      },
    },
    {
      spec: {
        ingressClassName: 'cls',
        tls: [{ hosts: ['a.example'], secretName: 't' }],
        rules: [
          {
            host: 'a.example',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }],
            },
          },
        ],
      },
    },
  ),
  row(
    'coordination.k8s.io/v1',
    'Lease',
    'leases',
    { 2: { 1: 'me', 2: 15, 4: stamp, 5: 0 } },
    {
      spec: {
        holderIdentity: 'me',
        leaseDurationSeconds: 15,
        renewTime: '2026-01-01T00:00:00.000000Z',
        leaseTransitions: 0,
      },
    },
  ),
  row(
    'scheduling.k8s.io/v1',
    'PriorityClass',
    '/priorityclasses',
    { 2: -5n, 3: 0, 4: 'low', 5: 'Never' },
    {
      value: -5,
      description: 'low',
      preemptionPolicy: 'Never',
    },
  ),
  row(rbac, 'Role', 'roles', { 2: rule }, { rules: [ruleJson] }),
  row(
    rbac,
    'ClusterRole',
    '/clusterroles',
    { 2: [rule, { 1: 'get', 5: '/healthz' }] },
    {
      rules: [ruleJson, { verbs: ['get'], nonResourceURLs: ['/healthz'] }],
    },
  ),
  row(rbac, 'RoleBinding', 'rolebindings', { 2: subject, 3: roleRef }, bound),
  row(rbac, 'ClusterRoleBinding', '/clusterrolebindings', { 2: subject, 3: roleRef }, bound),
];
