import type { PolicyRule } from '../../../shared/objects/types.ts';

const reading = ['get', 'list', 'watch'];
const writing = ['create', 'delete', 'deletecollection', 'patch', 'update'];

function rule(group: string, verbs: string[], ...resources: string[]): PolicyRule {
  return { verbs, apiGroups: [group], resources };
}

const withStatus = (...resources: string[]): string[] => resources.flatMap((name) => [name, `${name}/status`]);

const workloads = ['daemonsets', 'deployments', 'deployments/scale', 'replicasets', 'replicasets/scale'];
const apps = [...workloads, 'statefulsets', 'statefulsets/scale'];
const core = ['configmaps', 'persistentvolumeclaims', 'pods', 'replicationcontrollers', 'replicationcontrollers/scale'];
const accounts = ['serviceaccounts', 'services'];

/** What who may look at a namespace sees: everything but Secrets, and who has which rights. */
export const viewRules: PolicyRule[] = [
  rule('', reading, ...core, ...accounts, 'endpoints', 'events', 'limitranges', 'pods/log', 'resourcequotas'),
  rule('', reading, 'bindings', 'namespaces', 'namespaces/status', 'persistentvolumeclaims/status', 'pods/status'),
  rule('', reading, 'replicationcontrollers/status', 'resourcequotas/status', 'services/status'),
  rule('apps', reading, 'controllerrevisions', ...apps),
  rule(
    'apps',
    reading,
    ...['daemonsets', 'deployments', 'replicasets', 'statefulsets'].map((name) => `${name}/status`),
  ),
  rule('autoscaling', reading, ...withStatus('horizontalpodautoscalers')),
  rule('batch', reading, ...withStatus('cronjobs', 'jobs')),
  rule('discovery.k8s.io', reading, 'endpointslices'),
  rule('networking.k8s.io', reading, ...withStatus('ingresses'), 'networkpolicies'),
  rule('policy', reading, ...withStatus('poddisruptionbudgets')),
  rule('metrics.k8s.io', reading, 'pods', 'nodes'),
];

/** What who works in a namespace may do besides: change all but rights, quotas and limits, and read Secrets. */
export const editRules: PolicyRule[] = [
  rule('', reading, 'secrets', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'services/proxy'),
  rule('', writing, ...core, ...accounts, 'secrets', 'pods/attach', 'pods/exec', 'pods/portforward'),
  rule('', writing, 'pods/proxy', 'services/proxy'),
  rule('', ['create'], 'pods/eviction', 'serviceaccounts/token'),
  rule('', ['create', 'patch', 'update'], 'events', 'pods/ephemeralcontainers', 'pods/resize'),
  rule('', ['impersonate'], 'serviceaccounts'),
  rule('apps', writing, ...apps),
  rule('autoscaling', writing, 'horizontalpodautoscalers'),
  rule('batch', writing, 'cronjobs', 'jobs'),
  rule('networking.k8s.io', writing, 'ingresses', 'networkpolicies'),
  rule('policy', writing, 'poddisruptionbudgets'),
  rule('coordination.k8s.io', [...writing, ...reading], 'leases'),
];

/** What the administrator of a namespace may do besides: give rights in it. */
export const adminRules: PolicyRule[] = [
  rule('authorization.k8s.io', ['create'], 'localsubjectaccessreviews'),
  rule('rbac.authorization.k8s.io', [...writing, ...reading], 'roles', 'rolebindings'),
];
