import assert from 'node:assert/strict';
import { columnsOf } from '../../../controller/api/tables/columns.ts';
import { toTable } from '../../../controller/api/tables/table.ts';
import { findResource, resourceName, resources } from '../../../shared/objects/resources.ts';
import type { ResourceInfo, ResourceName } from '../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';

const now = Date.parse('2026-01-01T02:00:00Z');
const metadata = { name: 'x', creationTimestamp: '2026-01-01T00:00:00Z' };

/** Cells without the name and the age, wide ones after a `|`. */
function show(resource: ResourceName, object: object): string {
  const listMeta = { resourceVersion: '1' };
  const info = findResource(resource) as ResourceInfo;
  const full = { ...object, metadata: { ...metadata, ...(object as { metadata?: object }).metadata } };
  const table = toTable(info, [full as unknown as KubeObject], { now, includeObject: 'None', listMeta });
  const shown = table.columnDefinitions
    .map(({ name, priority }, at) => ({ name, priority, cell: table.rows[0]?.cells[at] }))
    .filter(({ name }) => name !== 'Name' && name !== 'Age')
    .map(({ priority, cell }) => `${priority === 0 ? '' : '|'}${cell}`);
  return shown.join(' ; ');
}

/** Column names as kubectl heads them, wide ones after a `|`. */
function head(resource: ResourceName): string {
  return columnsOf(resource)
    .map(({ name, isWide }) => (isWide ? `|${name}` : name))
    .join(' ');
}

const containers = [{ name: 'a', image: 'i:1' }];
const template = { metadata: { labels: { app: 'x' } }, spec: { containers, nodeSelector: { disk: 'ssd' } } };
const selector = { matchLabels: { app: 'x' } };

const heads: Record<ResourceName, string> = {
  services: 'Name Type Cluster-IP External-IP Port(s) Age |Selector',
  endpoints: 'Name Endpoints Age',
  'endpointslices.discovery.k8s.io': 'Name AddressType Ports Endpoints Age',
  persistentvolumes:
    'Name Capacity Access Modes Reclaim Policy Status Claim StorageClass VolumeAttributesClass Reason Age |VolumeMode',
  persistentvolumeclaims: 'Name Status Volume Capacity Access Modes StorageClass VolumeAttributesClass Age |VolumeMode',
  replicationcontrollers: 'Name Desired Current Ready Age |Containers |Images |Selector',
  podtemplates: 'Name Containers Images Pod Labels',
  resourcequotas: 'Name Request Limit Age',
  limitranges: 'Name Created At',
  'statefulsets.apps': 'Name Ready Age |Containers |Images',
  'daemonsets.apps': 'Name Desired Current Ready Up-to-date Available Node Selector Age |Containers |Images |Selector',
  'controllerrevisions.apps': 'Name Controller Revision Age',
  'jobs.batch': 'Name Status Completions Duration Age |Containers |Images |Selector',
  'cronjobs.batch': 'Name Schedule Timezone Suspend Active Last Schedule Age |Containers |Images |Selector',
  'horizontalpodautoscalers.autoscaling': 'Name Reference Targets MinPods MaxPods Replicas Age',
  'poddisruptionbudgets.policy': 'Name Min Available Max Unavailable Allowed Disruptions Age',
  'ingresses.networking.k8s.io': 'Name Class Hosts Address Ports Age',
  'ingressclasses.networking.k8s.io': 'Name Controller Parameters Age',
  'networkpolicies.networking.k8s.io': 'Name Pod-Selector Age',
  'priorityclasses.scheduling.k8s.io': 'Name Value Global-Default Age |PreemptionPolicy',
  'storageclasses.storage.k8s.io': 'Name Provisioner ReclaimPolicy VolumeBindingMode AllowVolumeExpansion Age',
  'runtimeclasses.node.k8s.io': 'Name Handler Age',
  'roles.rbac.authorization.k8s.io': 'Name Created At',
  'clusterroles.rbac.authorization.k8s.io': 'Name Created At',
  'rolebindings.rbac.authorization.k8s.io': 'Name Role Age |Users |Groups |ServiceAccounts',
  'clusterrolebindings.rbac.authorization.k8s.io': 'Name Role Age |Users |Groups |ServiceAccounts',
};

const service = (spec: object, status: object = {}): object => ({ spec, status });

const cases: [ResourceName, object, string][] = [
  [
    'services',
    service({ type: 'ClusterIP', clusterIPs: ['10.96.0.7'], ports: [{ port: 80 }], selector: { b: '2', a: '1' } }),
    'ClusterIP ; 10.96.0.7 ; <none> ; 80/TCP ; |a=1,b=2',
  ],
  [
    'services',
    service({ type: 'NodePort', clusterIPs: ['10.96.0.7'], ports: [{ port: 53, nodePort: 30053, protocol: 'UDP' }] }),
    'NodePort ; 10.96.0.7 ; <none> ; 53:30053/UDP ; |<none>',
  ],
  ['services', service({ type: 'LoadBalancer' }), 'LoadBalancer ; <none> ; <pending> ; <none> ; |<none>'],
  [
    'services',
    service({ type: 'LoadBalancer', externalIPs: ['9.9.9.9'] }, { loadBalancer: { ingress: [{ hostname: 'lb' }] } }),
    'LoadBalancer ; <none> ; lb,9.9.9.9 ; <none> ; |<none>',
  ],
  [
    'services',
    service({ type: 'ExternalName', externalName: 'db.example' }),
    'ExternalName ; <none> ; db.example ; <none> ; |<none>',
  ],
  ['endpoints', {}, '<none>'],
  [
    'endpoints',
    { subsets: [{ addresses: ['1', '2', '3', '4'].map((ip) => ({ ip })), ports: [{ port: 80 }] }] },
    '1:80,2:80,3:80 + 1 more...',
  ],
  ['endpoints', { subsets: [{ addresses: [{ ip: 'fd00::1' }], ports: [{ port: 80 }] }] }, '[fd00::1]:80'],
  ['endpointslices.discovery.k8s.io', { addressType: 'IPv4', endpoints: [] }, 'IPv4 ; <unset> ; <unset>'],
  [
    'endpointslices.discovery.k8s.io',
    { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }, {}] },
    'IPv4 ; 80,* ; 10.0.0.1',
  ],
  [
    'persistentvolumes',
    {
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteMany', 'ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: { namespace: 'n', name: 'c' },
        storageClassName: 'fast',
        volumeMode: 'Filesystem',
      },
      status: { phase: 'Bound' },
    },
    '1Gi ; RWO,RWX ; Retain ; Bound ; n/c ; fast ; <unset> ;  ; |Filesystem',
  ],
  [
    'persistentvolumeclaims',
    { spec: { storageClassName: 'fast' }, status: { phase: 'Pending' } },
    'Pending ;  ;  ;  ; fast ; <unset> ; |<unset>',
  ],
  [
    'persistentvolumeclaims',
    {
      metadata: { deletionTimestamp: '2026-01-01T01:00:00Z' },
      spec: { volumeName: 'v', volumeMode: 'Block' },
      status: { phase: 'Bound', capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOncePod'] },
    },
    'Terminating ; v ; 2Gi ; RWOP ;  ; <unset> ; |Block',
  ],
  [
    'replicationcontrollers',
    { spec: { replicas: 3, selector: { app: 'x' }, template }, status: { replicas: 2, readyReplicas: 1 } },
    '3 ; 2 ; 1 ; |a ; |i:1 ; |app=x',
  ],
  ['podtemplates', { template }, 'a ; i:1 ; app=x'],
  [
    'resourcequotas',
    { status: { hard: { pods: '2', 'limits.cpu': '4', cpu: '1' }, used: { pods: '1' } } },
    'cpu: 0/1, pods: 1/2 ; limits.cpu: 0/4',
  ],
  ['limitranges', {}, '2026-01-01T00:00:00Z'],
  ['statefulsets.apps', { spec: { replicas: 3, template }, status: { readyReplicas: 2 } }, '2/3 ; |a ; |i:1'],
  [
    'daemonsets.apps',
    { spec: { selector, template }, status: { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1 } },
    '3 ; 2 ; 1 ; 0 ; 0 ; disk=ssd ; |a ; |i:1 ; |app=x',
  ],
  [
    'controllerrevisions.apps',
    {
      metadata: { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', controller: true }] },
      revision: 4,
    },
    'statefulset.apps/db ; 4',
  ],
  ['controllerrevisions.apps', { revision: 1 }, '<none> ; 1'],
  [
    'jobs.batch',
    {
      spec: { completions: 3, selector, template },
      status: {
        succeeded: 3,
        startTime: '2026-01-01T00:00:00Z',
        completionTime: '2026-01-01T00:00:42Z',
        conditions: [{ type: 'Complete', status: 'True' }],
      },
    },
    'Complete ; 3/3 ; 42s ; |a ; |i:1 ; |app=x',
  ],
  [
    'jobs.batch',
    { spec: { parallelism: 4 }, status: { startTime: '2026-01-01T01:00:00Z' } },
    'Running ; 0/1 of 4 ; 60m ; |<none> ; |<none> ; |<none>',
  ],
  [
    'jobs.batch',
    { spec: { suspend: true }, status: { conditions: [{ type: 'Suspended', status: 'True' }] } },
    'Suspended ; 0/1 ;  ; |<none> ; |<none> ; |<none>',
  ],
  [
    'cronjobs.batch',
    {
      spec: { schedule: '0 3 * * *', suspend: false, jobTemplate: { spec: { template } } },
      status: { active: [{}], lastScheduleTime: '2026-01-01T01:59:00Z' },
    },
    '0 3 * * * ; <none> ; False ; 1 ; 60s ; |a ; |i:1 ; |<none>',
  ],
  [
    'horizontalpodautoscalers.autoscaling',
    {
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'web' },
        minReplicas: 1,
        maxReplicas: 4,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { averageUtilization: 80 } } },
          { type: 'Pods', pods: { target: { averageValue: '10' } } },
          { type: 'External', external: { target: { value: '5' } } },
        ],
      },
      status: {
        currentReplicas: 2,
        currentMetrics: [{ type: 'Resource', resource: { current: { averageUtilization: 12 } } }],
      },
    },
    'Deployment/web ; cpu: 12%/80%, <unknown>/10 + 1 more... ; 1 ; 4 ; 2',
  ],
  [
    'horizontalpodautoscalers.autoscaling',
    { spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 4 } },
    'Deployment/web ; <none> ; <unset> ; 4 ; 0',
  ],
  [
    'poddisruptionbudgets.policy',
    { spec: { minAvailable: '50%' }, status: { disruptionsAllowed: 2 } },
    '50% ; N/A ; 2',
  ],
  [
    'ingresses.networking.k8s.io',
    { spec: { rules: ['a', 'b', 'c', 'd'].map((host) => ({ host })), tls: [{}] } },
    '<none> ; a,b,c + 1 more... ;  ; 80, 443',
  ],
  [
    'ingresses.networking.k8s.io',
    { spec: { ingressClassName: 'own', rules: [{}] }, status: { loadBalancer: { ingress: [{ ip: '9.9.9.9' }] } } },
    'own ; * ; 9.9.9.9 ; 80',
  ],
  [
    'ingressclasses.networking.k8s.io',
    { spec: { controller: 'c/d', parameters: { apiGroup: 'x.io', kind: 'Setting', name: 's' } } },
    'c/d ; Setting.x.io/s',
  ],
  ['ingressclasses.networking.k8s.io', { spec: { controller: 'c/d' } }, 'c/d ; <none>'],
  ['networkpolicies.networking.k8s.io', { spec: { podSelector: selector } }, 'app=x'],
  ['networkpolicies.networking.k8s.io', { spec: { podSelector: {} } }, '<none>'],
  ['priorityclasses.scheduling.k8s.io', { value: 7, preemptionPolicy: 'Never' }, '7 ; false ; |Never'],
  ['runtimeclasses.node.k8s.io', { handler: 'runc' }, 'runc'],
  ['storageclasses.storage.k8s.io', { provisioner: 'p' }, 'p ; Delete ; Immediate ; false'],
  ['roles.rbac.authorization.k8s.io', {}, '2026-01-01T00:00:00Z'],
  [
    'rolebindings.rbac.authorization.k8s.io',
    {
      roleRef: { kind: 'Role', name: 'r' },
      subjects: [
        { kind: 'User', name: 'ann' },
        { kind: 'ServiceAccount', namespace: 'n', name: 's' },
        { kind: 'User', name: 'bob' },
      ],
    },
    'Role/r ; |ann, bob ; | ; |n/s',
  ],
];

describe('tables of the kinds', () => {
  it('leave no served kind without columns of its own', () => {
    const plain = resources.map(resourceName).filter((resource) => head(resource) === 'Name Age');
    assert.deepEqual(plain, []);
  });

  for (const [resource, expected] of Object.entries(heads)) {
    it(`head ${resource} as kubectl users know them`, () => assert.equal(head(resource), expected));
  }

  for (const [at, [resource, object, expected]] of cases.entries()) {
    it(`show ${resource} (${at + 1})`, () => assert.equal(show(resource, object), expected));
  }

  it('mark the storage class that claims get by default', () => {
    const annotations = { 'storageclass.kubernetes.io/is-default-class': 'true' };
    const table = toTable(
      findResource('storageclasses.storage.k8s.io') as ResourceInfo,
      [{ apiVersion: 'v1', kind: 'StorageClass', metadata: { ...metadata, annotations } }],
      { now, includeObject: 'None', listMeta: { resourceVersion: '1' } },
    );
    assert.equal(table.rows[0]?.cells[0], 'x (default)');
  });
});
