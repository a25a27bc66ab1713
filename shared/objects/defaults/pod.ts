import { qosClassOf } from '../pod-requests.ts';
import { defaultTolerationSeconds } from '../taints.ts';
import type { Container, Pod, PodSpec, Toleration } from '../types.ts';
import { defaultContainer } from './container.ts';
import { defaultVolume } from './volume.ts';

/** Fills in a pod spec, in a template as well as in a pod. */
export function defaultPodSpec(spec: PodSpec): void {
  // Refused later, when it is empty: until then everything may rely on a list.
  spec.containers ??= [];
  spec.restartPolicy ||= 'Always';
  spec.terminationGracePeriodSeconds ??= 30;
  spec.dnsPolicy ||= 'ClusterFirst';
  spec.securityContext ??= {};
  spec.schedulerName ||= 'default-scheduler';
  spec.serviceAccountName ||= spec.serviceAccount;
  if (spec.serviceAccountName) spec.serviceAccount = spec.serviceAccountName;
  else delete spec.serviceAccountName;
  for (const container of [...containersOf(spec), ...(spec.ephemeralContainers ?? [])]) defaultContainer(container);
  for (const volume of spec.volumes ?? []) defaultVolume(volume);
}

function containersOf(spec: PodSpec): Container[] {
  return [...spec.containers, ...(spec.initContainers ?? [])];
}

/** Fills in what only a pod itself gets, not a template: it would show up in every comparison of templates. */
export function defaultPod(pod: Pod): void {
  const { spec } = pod;
  if (!spec) return;
  spec.serviceAccountName ||= spec.serviceAccount || 'default';
  defaultPodSpec(spec);
  spec.enableServiceLinks ??= true;
  spec.preemptionPolicy ||= 'PreemptLowerPriority';
  spec.priority ??= 0;
  for (const container of containersOf(spec)) requestLimits(container);
  if (spec.hostNetwork) for (const { ports } of containersOf(spec)) openHostPorts(ports);
  for (const key of ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']) tolerate(spec, key);
  Object.assign(pod, { status: { phase: 'Pending', qosClass: qosClassOf(spec), ...pod.status } });
}

/**
 * The filled in pod without what Kubernetes' admission adds to one that is `sent`, after the defaults of its version:
 * whoever sent the pod does not own that.
 */
export function withoutAdmitted(pod: Pod, sent: Pod): Pod {
  if (pod.spec === undefined) return pod;
  const { serviceAccountName, serviceAccount, priority, preemptionPolicy, tolerations, ...rest } = pod.spec;
  const { spec: given } = sent;
  const named = given?.serviceAccountName || given?.serviceAccount;
  const own = tolerations?.slice(0, given?.tolerations?.length ?? 0) ?? [];
  return {
    ...pod,
    spec: {
      ...rest,
      ...(named && { serviceAccountName, serviceAccount }),
      ...(given?.priority !== undefined && { priority }),
      ...(given?.preemptionPolicy && { preemptionPolicy }),
      ...(own.length > 0 && { tolerations: own }),
    },
  };
}

/** What is limited and not requested is requested in full. */
function requestLimits({ resources }: Container): void {
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests };
}

function openHostPorts(ports: Container['ports']): void {
  for (const port of ports ?? []) port.hostPort ||= port.containerPort;
}

function tolerate(spec: PodSpec, key: string): void {
  const effect = 'NoExecute';
  const covers = (toleration: Toleration): boolean =>
    (!toleration.key || toleration.key === key) && (!toleration.effect || toleration.effect === effect);
  if (spec.tolerations?.some(covers)) return;
  const added = { key, operator: 'Exists', effect, tolerationSeconds: defaultTolerationSeconds };
  spec.tolerations = [...(spec.tolerations ?? []), added];
}
