/** Labels of these namespaces, and below them, are Kubernetes' own. */
const reserved = ['kubernetes.io', 'k8s.io'];
/** Namespaces of them in which a kubelet may set any. */
const free = ['kubelet.kubernetes.io', 'node.kubernetes.io'];
/** What else of them it may set: `kubelet/pkg/apis/well_known_labels.go`. */
const allowed: ReadonlySet<string> = new Set([
  'kubernetes.io/hostname',
  'kubernetes.io/os',
  'kubernetes.io/arch',
  'topology.kubernetes.io/zone',
  'topology.kubernetes.io/region',
  'failure-domain.beta.kubernetes.io/zone',
  'failure-domain.beta.kubernetes.io/region',
  'beta.kubernetes.io/instance-type',
  'beta.kubernetes.io/os',
  'beta.kubernetes.io/arch',
]);

/** Whether a node may give itself this label: no role, and nothing by which pods are kept away from some nodes. */
export function mayNodeSet(label: string): boolean {
  const [namespace = '', ...rest] = label.split('/');
  const isIn = (domain: string): boolean => namespace === domain || namespace.endsWith(`.${domain}`);
  return rest.length === 0 || allowed.has(label) || free.some(isIn) || !reserved.some(isIn);
}
