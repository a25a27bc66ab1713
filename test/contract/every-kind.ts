import { apiVersionOf, resources, resourceName, type ResourceInfo } from '../../shared/objects/resources.ts';

/** What a smallest valid object of a kind has besides a name. */
interface Sample {
  /** Everything but apiVersion, kind and metadata. */
  content: object;
  /** Changes the object when it is merged into it; absent where nothing of it may change. */
  change?: object;
  /** A status that the validation accepts. */
  status?: object;
  name?: string;
}

const template = { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } };
const selector = { matchLabels: { app: 'a' } };
const once = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } };
const workload = (more: object = {}): Sample => ({
  content: { spec: { selector, template, ...more } },
  change: { spec: { minReadySeconds: 7 } },
  status: { observedGeneration: 1 },
});
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }];
const group = 'rbac.authorization.k8s.io';

const samples: Readonly<Record<string, Sample>> = {
  namespaces: {
    content: {},
    status: { phase: 'Active', conditions: [{ type: 'NamespaceContentRemaining', status: 'False' }] },
  },
  nodes: { content: {}, change: { spec: { unschedulable: true } }, status: { capacity: { cpu: '2' } } },
  pods: {
    content: { spec: template.spec },
    change: { spec: { activeDeadlineSeconds: 90 } },
    status: { phase: 'Running' },
  },
  configmaps: { content: {}, change: { data: { a: '1' } } },
  secrets: { content: {}, change: { data: { a: 'MQ==' } } },
  serviceaccounts: { content: {}, change: { automountServiceAccountToken: false } },
  events: {
    content: { involvedObject: { kind: 'Pod', name: 'a', namespace: 'default' }, reason: 'Tested', type: 'Normal' },
    change: { message: 'm' },
  },
  services: {
    content: { spec: { selector: { app: 'a' }, ports: [{ port: 80 }] } },
    change: { spec: { sessionAffinity: 'ClientIP' } },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  },
  endpoints: {
    content: {},
    change: { subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }] },
  },
  persistentvolumes: {
    content: {
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/srv/a' } },
    },
    change: { spec: { persistentVolumeReclaimPolicy: 'Delete' } },
    status: { phase: 'Available' },
  },
  persistentvolumeclaims: {
    content: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    status: { phase: 'Pending' },
  },
  replicationcontrollers: {
    content: { spec: { selector: { app: 'a' }, template } },
    change: { spec: { minReadySeconds: 7 } },
    status: { replicas: 0, observedGeneration: 1 },
  },
  podtemplates: { content: { template }, change: { template: { spec: { hostname: 'a' } } } },
  resourcequotas: {
    content: { spec: { hard: { pods: '10' } } },
    change: { spec: { hard: { pods: '11' } } },
    status: { hard: { pods: '10' } },
  },
  limitranges: {
    content: { spec: { limits: [{ type: 'Container', default: { cpu: '1' } }] } },
    change: { spec: { limits: [{ type: 'Container', default: { cpu: '2' } }] } },
  },
  'deployments.apps': workload(),
  'replicasets.apps': { ...workload(), status: { replicas: 0, observedGeneration: 1 } },
  'statefulsets.apps': { ...workload({ serviceName: 'a' }), status: { replicas: 0, observedGeneration: 1 } },
  'daemonsets.apps': {
    ...workload(),
    status: { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
  },
  'controllerrevisions.apps': { content: { revision: 1, data: {} }, change: { revision: 2 } },
  'jobs.batch': { content: { spec: { template: once } }, change: { spec: { parallelism: 2 } }, status: { active: 1 } },
  'cronjobs.batch': {
    content: { spec: { schedule: '@daily', jobTemplate: { spec: { template: once } } } },
    change: { spec: { suspend: true } },
    status: { active: [{ kind: 'Job', name: 'a' }] },
  },
  'horizontalpodautoscalers.autoscaling': {
    content: { spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' }, maxReplicas: 3 } },
    change: { spec: { maxReplicas: 4 } },
    status: { desiredReplicas: 1, currentReplicas: 1 },
  },
  'poddisruptionbudgets.policy': {
    content: { spec: { selector, minAvailable: 1 } },
    change: { spec: { minAvailable: 2 } },
    status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 1, expectedPods: 0 },
  },
  'ingresses.networking.k8s.io': {
    content: { spec: { defaultBackend: { service: { name: 'a', port: { number: 80 } } } } },
    change: { spec: { ingressClassName: 'b' } },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.1' }] } },
  },
  'ingressclasses.networking.k8s.io': {
    content: { spec: { controller: 'example.com/a' } },
    change: { spec: { parameters: { apiGroup: 'example.com', kind: 'Parameters', name: 'a' } } },
  },
  'networkpolicies.networking.k8s.io': {
    content: { spec: { podSelector: {} } },
    change: { spec: { podSelector: selector } },
  },
  'endpointslices.discovery.k8s.io': {
    content: { addressType: 'IPv4', endpoints: [] },
    change: { endpoints: [{ addresses: ['192.0.2.1'] }] },
  },
  'leases.coordination.k8s.io': {
    content: { spec: { holderIdentity: 'a' } },
    change: { spec: { holderIdentity: 'b' } },
  },
  'priorityclasses.scheduling.k8s.io': { content: { value: 5 }, change: { description: 'd' } },
  'storageclasses.storage.k8s.io': {
    content: { provisioner: 'example.com/a' },
    change: { allowVolumeExpansion: true },
  },
  'runtimeclasses.node.k8s.io': { content: { handler: 'runc' }, change: { scheduling: { nodeSelector: { a: 'b' } } } },
  [`roles.${group}`]: { content: { rules }, change: { rules: [] } },
  [`clusterroles.${group}`]: { content: { rules }, change: { rules: [] } },
  [`rolebindings.${group}`]: { content: { roleRef, subjects }, change: { subjects: [] } },
  [`clusterrolebindings.${group}`]: { content: { roleRef, subjects }, change: { subjects: [] } },
};

export interface KindSample extends Omit<Sample, 'content'> {
  info: ResourceInfo;
  /** Where objects of the kind are made: in the namespace `default` if they have one. */
  collection: string;
  /** A smallest valid object. */
  object: (name: string) => { apiVersion: string; kind: string; metadata: { name: string } };
}

/** Throws when a kind is served that has no sample yet. */
export function everyKind(): KindSample[] {
  return resources.map((info) => {
    const sample = samples[resourceName(info)];
    if (sample === undefined) throw new Error(`${resourceName(info)} needs a sample in every-kind.ts`);
    const { content, ...rest } = sample;
    const root = info.group === '' ? '/api/v1' : `/apis/${apiVersionOf(info)}`;
    return {
      ...rest,
      info,
      collection: `${root}${info.namespaced ? '/namespaces/default' : ''}/${info.plural}`,
      object: (name) => ({ apiVersion: apiVersionOf(info), kind: info.kind, metadata: { name }, ...content }),
    };
  });
}
