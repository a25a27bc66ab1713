/**
 * Lists whose elements Kubernetes tells apart by a key, one row each, by hand: what kubectl's patches and server-side
 * apply rely on. Elements are complete, so that the objects are valid.
 */
export interface MergeRow {
  what: string;
  collection: string;
  apiVersion: string;
  kind: string;
  /** The list. */
  field: string;
  /** Merge key of strategic merge patches. */
  key: string;
  /** Three elements. */
  elements: [Element, Element, Element];
  /** Changes the first element. */
  change: Element;
  /** Everything of the object besides metadata, with `fields` where the list stands. */
  content: (fields: object) => object;
  /** Where the list stands in an answer. */
  holder: (object: never) => Record<string, unknown> | undefined;
  /** The list is written by this subresource only, once the object is there. */
  isStatus?: true;
}

export type Element = Record<string, unknown>;

interface Holders {
  metadata: Record<string, unknown>;
  spec: Record<string, unknown> & { template: { spec: { containers: Record<string, unknown>[] } } };
  status: Record<string, unknown>;
}

const selector = { matchLabels: { app: 'a' } };
const labels = { app: 'a' };
const container = { name: 'c', image: 'i:1' };
const volumes = ['v1', 'v2', 'v3'].map((name) => ({ name, emptyDir: {} }));
const claims = ['v1', 'v2', 'v3'].map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));

const deployment = {
  collection: '/apis/apps/v1/namespaces/default/deployments',
  apiVersion: 'apps/v1',
  kind: 'Deployment',
};
const template = (spec: object): object => ({ spec: { selector, template: { metadata: { labels }, spec } } });

type Listed = Pick<MergeRow, 'field' | 'key' | 'elements' | 'change'>;

/** A list of the pod's spec, in the template of a Deployment. */
const ofPod = (row: Listed): MergeRow => ({
  ...deployment,
  ...row,
  what: `PodSpec.${row.field}`,
  content: (fields) => template({ ...(row.field !== 'containers' && { containers: [container] }), ...fields }),
  holder: ({ spec }: Holders) => spec.template.spec,
});

/** A list of a container. */
const ofContainer = (row: Listed, more: object = {}): MergeRow => ({
  ...deployment,
  ...row,
  what: `Container.${row.field}`,
  content: (fields) => template({ ...more, containers: [{ ...container, ...fields }] }),
  holder: ({ spec }: Holders) => spec.template.spec.containers[0],
});

const podLists: MergeRow[] = [
  ofPod({
    field: 'containers',
    key: 'name',
    elements: [
      { name: 'a', image: 'i:1', workingDir: '/a' },
      { name: 'b', image: 'i:1' },
      { name: 'c', image: 'i:1' },
    ],
    change: { image: 'i:2' },
  }),
  ofPod({
    field: 'initContainers',
    key: 'name',
    elements: [
      { name: 'x', image: 'i:1', workingDir: '/a' },
      { name: 'y', image: 'i:1' },
      { name: 'z', image: 'i:1' },
    ],
    change: { image: 'i:2' },
  }),
  ofPod({
    field: 'volumes',
    key: 'name',
    elements: [
      { name: 'a', emptyDir: { medium: 'Memory' } },
      { name: 'b', emptyDir: {} },
      { name: 'c', emptyDir: {} },
    ],
    change: { emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
  }),
  ofPod({
    field: 'imagePullSecrets',
    key: 'name',
    elements: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    change: {},
  }),
  ofPod({
    field: 'hostAliases',
    key: 'ip',
    elements: [
      { ip: '192.0.2.1', hostnames: ['a'] },
      { ip: '192.0.2.2', hostnames: ['b'] },
      { ip: '192.0.2.3', hostnames: ['c'] },
    ],
    change: { hostnames: ['d', 'e'] },
  }),
  ofPod({
    field: 'topologySpreadConstraints',
    key: 'topologyKey',
    elements: ['zone', 'host', 'rack'].map((topologyKey) => ({
      topologyKey,
      maxSkew: 1,
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: selector,
    })) as unknown as MergeRow['elements'],
    change: { maxSkew: 2 },
  }),
  ofPod({ field: 'schedulingGates', key: 'name', elements: [{ name: 'a' }, { name: 'b' }, { name: 'c' }], change: {} }),
  ofContainer({
    field: 'ports',
    key: 'containerPort',
    elements: [
      { containerPort: 80, name: 'http', protocol: 'TCP' },
      { containerPort: 81, protocol: 'TCP' },
      { containerPort: 82, protocol: 'TCP' },
    ],
    change: { name: 'web' },
  }),
  ofContainer({
    field: 'env',
    key: 'name',
    elements: [
      { name: 'A', value: '1' },
      { name: 'B', value: '2' },
      { name: 'C', value: '3' },
    ],
    change: { value: '9' },
  }),
  ofContainer(
    {
      field: 'volumeMounts',
      key: 'mountPath',
      elements: [
        { mountPath: '/a', name: 'v1', subPath: 's' },
        { mountPath: '/b', name: 'v2' },
        { mountPath: '/c', name: 'v3' },
      ],
      change: { readOnly: true },
    },
    { volumes },
  ),
  ofContainer(
    {
      field: 'volumeDevices',
      key: 'devicePath',
      elements: [
        { devicePath: '/dev/a', name: 'v1' },
        { devicePath: '/dev/b', name: 'v2' },
        { devicePath: '/dev/c', name: 'v3' },
      ],
      change: {},
    },
    { volumes: claims },
  ),
];

const otherLists: MergeRow[] = [
  {
    what: 'ServiceSpec.ports',
    collection: '/api/v1/namespaces/default/services',
    apiVersion: 'v1',
    kind: 'Service',
    field: 'ports',
    key: 'port',
    elements: [
      { port: 80, name: 'a', protocol: 'TCP', targetPort: 8080 },
      { port: 81, name: 'b', protocol: 'TCP' },
      { port: 82, name: 'c', protocol: 'TCP' },
    ],
    change: { targetPort: 'web' },
    content: (fields) => ({ spec: { selector: labels, ...fields } }),
    holder: ({ spec }: Holders) => spec,
  },
  {
    what: 'ServiceAccount.secrets',
    collection: '/api/v1/namespaces/default/serviceaccounts',
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    field: 'secrets',
    key: 'name',
    elements: [{ name: 'a' }, { name: 'b' }, { name: 'c' }],
    change: {},
    content: (fields) => fields,
    holder: (object: Record<string, unknown>) => object,
  },
];

const condition = (type: string): Element => ({ type, status: 'False', reason: 'Because', message: 'm' });
const moment = '2026-01-01T00:00:00Z';

/** A kind with conditions: what it is without them, and what each condition must say besides. */
const withConditions = (
  path: string,
  apiVersion: string,
  kind: string,
  content: object,
  more: object = {},
): MergeRow => ({
  what: `${kind}Status.conditions`,
  collection: path,
  apiVersion,
  kind,
  field: 'conditions',
  key: 'type',
  elements: [
    { ...condition('A'), ...more },
    { ...condition('B'), ...more },
    { ...condition('C'), ...more },
  ],
  change: { status: 'True' },
  content: (fields) => ({ ...content, status: fields }),
  holder: ({ status }: Holders) => status,
  isStatus: true,
});

const apps = '/apis/apps/v1/namespaces/default';
const core = '/api/v1/namespaces/default';
const workload = { spec: { selector, template: { metadata: { labels }, spec: { containers: [container] } } } };
const plainWorkload = { spec: { selector: labels, template: workload.spec.template } };
const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } };
const autoscaler = {
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }, maxReplicas: 3 },
};

const statusLists: MergeRow[] = [
  withConditions(`${core}/pods`, 'v1', 'Pod', { spec: { containers: [container] } }),
  withConditions('/api/v1/nodes', 'v1', 'Node', {}),
  withConditions('/api/v1/namespaces', 'v1', 'Namespace', {}),
  withConditions(`${apps}/deployments`, 'apps/v1', 'Deployment', workload),
  withConditions(`${apps}/replicasets`, 'apps/v1', 'ReplicaSet', workload),
  withConditions(`${apps}/statefulsets`, 'apps/v1', 'StatefulSet', workload),
  withConditions(`${apps}/daemonsets`, 'apps/v1', 'DaemonSet', workload),
  withConditions(
    '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    'autoscaling/v2',
    'HorizontalPodAutoscaler',
    autoscaler,
  ),
  withConditions(
    '/apis/policy/v1/namespaces/default/poddisruptionbudgets',
    'policy/v1',
    'PodDisruptionBudget',
    { spec: { selector } },
    { lastTransitionTime: moment },
  ),
  withConditions(
    `${core}/services`,
    'v1',
    'Service',
    { spec: { ports: [{ port: 80 }] } },
    { lastTransitionTime: moment },
  ),
  withConditions(`${core}/persistentvolumeclaims`, 'v1', 'PersistentVolumeClaim', claim),
  withConditions(`${core}/replicationcontrollers`, 'v1', 'ReplicationController', plainWorkload),
  {
    ...withConditions('/api/v1/nodes', 'v1', 'Node', {}),
    what: 'NodeStatus.addresses',
    field: 'addresses',
    elements: [
      { type: 'InternalIP', address: '192.0.2.1' },
      { type: 'Hostname', address: 'a' },
      { type: 'ExternalIP', address: '192.0.2.2' },
    ],
    change: { address: '192.0.2.9' },
  },
  {
    ...withConditions(`${core}/pods`, 'v1', 'Pod', { spec: { containers: [container] } }),
    what: 'PodStatus.podIPs',
    field: 'podIPs',
    key: 'ip',
    elements: [{ ip: '192.0.2.1' }, { ip: '192.0.2.2' }, { ip: '192.0.2.3' }],
    change: {},
  },
];

export const mergeRows: readonly MergeRow[] = [...podLists, ...otherLists, ...statusLists];
