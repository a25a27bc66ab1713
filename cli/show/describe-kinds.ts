import type { Deployment, KubeObject, Node, Pod, ReplicaSet, Stored } from '../../shared/objects/types.ts';
import { describeConditions, describePod, describeTemplate, formatTime } from './describe-pod.ts';
import { formatSelector, listPods } from '../pods/pods-of.ts';
import { ownedSets, revisionKey, revisionOf } from '../change/rollout-history.ts';
import { resourcePath } from '../client/resource-names.ts';
import type { Session } from '../client/session.ts';
import { pairs, type Sheet, type Value } from '../print/sheet.ts';

type Describe = (session: Session, object: never) => Sheet | Promise<Sheet>;

const kinds: Record<string, Describe> = {
  Pod: (_session, pod: Stored<Pod>) => describePod(pod),
  Deployment: describeDeployment,
  ReplicaSet: describeReplicaSet,
  ReplicationController: describeReplicaSet,
  Node: describeNode,
  Secret: (_session, secret: KubeObject & { type?: string; data?: Record<string, string> }) => [
    ['Type', secret.type],
    ['Data', { rows: Object.entries(secret.data ?? {}).map(([key, value]) => [key, sizeOf(value)]) }],
  ],
  ConfigMap: (_session, map: KubeObject & { data?: Record<string, string>; binaryData?: Record<string, string> }) => [
    ['Data', { below: Object.entries(map.data ?? {}) }],
    [
      'Binary Data',
      map.binaryData && { rows: Object.entries(map.binaryData).map(([key, value]) => [key, sizeOf(value)]) },
    ],
  ],
};

function sizeOf(base64: string): string {
  return `${Buffer.from(base64, 'base64').length} bytes`;
}

/** What is told of an object besides its metadata; undefined for kinds that are shown as they are. */
export function describeKind(session: Session, object: KubeObject): Sheet | Promise<Sheet> | undefined {
  return kinds[object.kind]?.(session, object as never);
}

async function describeDeployment(session: Session, deployment: Stored<Deployment>): Promise<Sheet> {
  const { spec, status = {}, metadata } = deployment;
  const { rollingUpdate, type } = spec?.strategy ?? {};
  const wanted = spec?.replicas ?? 1;
  const current = metadata.annotations?.[revisionKey];
  const sets = await ownedSets(session, deployment);
  const show = (isCurrent: boolean): Value =>
    sets
      .filter((set) => (String(revisionOf(set)) === current) === isCurrent)
      .filter((set) => isCurrent || (set.status?.replicas ?? 0) > 0)
      .map((set) => `${set.metadata.name} (${set.status?.readyReplicas ?? 0} of ${set.spec?.replicas ?? 0} ready)`);
  return [
    ['Selector', formatSelector(deployment)],
    [
      'Replicas',
      `${wanted} desired, ${status.updatedReplicas ?? 0} updated, ${status.replicas ?? 0} total, ` +
        `${status.availableReplicas ?? 0} available, ${status.unavailableReplicas ?? 0} unavailable`,
    ],
    ['Paused', spec?.paused],
    ['Strategy', type],
    [
      'Rolling Update',
      rollingUpdate && `${rollingUpdate.maxUnavailable} max unavailable, ${rollingUpdate.maxSurge} max surge`,
    ],
    ['Min Ready Seconds', spec?.minReadySeconds],
    ['Progress Deadline', spec?.progressDeadlineSeconds === undefined ? undefined : `${spec.progressDeadlineSeconds}s`],
    ['Pod Template', { below: describeTemplate(spec?.template ?? {}) }],
    ['Conditions', describeConditions(status.conditions)],
    ['Old Replica Sets', show(false)],
    ['New Replica Set', show(true)],
  ];
}

async function describeReplicaSet(session: Session, set: Stored<ReplicaSet>): Promise<Sheet> {
  const selector = formatSelector(set);
  const pods = selector === '' ? [] : await listPods(session, selector, set.metadata.namespace);
  const own = pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === set.metadata.uid));
  const owner = set.metadata.ownerReferences?.find(({ controller }) => controller);
  return [
    ['Selector', selector],
    ['Controlled By', owner && `${owner.kind}/${owner.name}`],
    [
      'Replicas',
      `${set.status?.replicas ?? 0} current, ${set.spec?.replicas ?? 0} desired, ${set.status?.readyReplicas ?? 0} ready`,
    ],
    ['Pods', own.map(({ metadata, status }) => `${metadata.name} (${status?.phase ?? 'Unknown'})`)],
    ['Pod Template', { below: describeTemplate(set.spec?.template ?? {}) }],
    ['Conditions', describeConditions(set.status?.conditions)],
  ];
}

async function describeNode(session: Session, { metadata, spec, status = {} }: Stored<Node>): Promise<Sheet> {
  const path = resourcePath(session.names.findKind('v1', 'Pod'), undefined);
  const query = { fieldSelector: `spec.nodeName=${metadata.name}` };
  const { items } = await session.client.call<{ items: Stored<Pod>[] }>('GET', path, { query });
  const { nodeInfo, capacity = {}, allocatable = {}, addresses = [] } = status;
  const resources = Object.entries(capacity).map(([name, total]) => [name, total, allocatable[name] ?? '']);
  const pods = items.map((pod) => [pod.metadata.namespace ?? '', pod.metadata.name, pod.status?.phase ?? '']);
  return [
    [
      'Taints',
      spec?.taints?.map(({ key, value, effect }) => `${key}${value === undefined ? '' : `=${value}`}:${effect}`) ?? [],
    ],
    ['Unschedulable', spec?.unschedulable ?? false],
    ['Pod CIDR', spec?.podCIDR],
    ['Addresses', addresses.map(({ type, address }) => `${type}: ${address}`)],
    ['System', nodeInfo && `${nodeInfo.osImage}, kernel ${nodeInfo.kernelVersion}, ${nodeInfo.architecture}`],
    ['Runtime', nodeInfo?.containerRuntimeVersion],
    ['Version', nodeInfo?.kubeletVersion],
    ['Resources', { rows: [['NAME', 'CAPACITY', 'ALLOCATABLE'], ...resources] }],
    ['Conditions', describeConditions(status.conditions)],
    ['Pods', { rows: pods.length === 0 ? [] : [['NAMESPACE', 'NAME', 'STATUS'], ...pods] }],
  ];
}

/** What is told of every object, whatever its kind. */
export function describeMetadata({ metadata }: KubeObject): Sheet {
  const { name, namespace, labels, annotations = {}, creationTimestamp, finalizers } = metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...shown } = annotations;
  return [
    ['Name', name],
    ['Namespace', namespace],
    ['Created', formatTime(creationTimestamp)],
    ['Labels', pairs(labels)],
    ['Annotations', pairs(shown, ': ')],
    ['Finalizers', finalizers],
  ];
}
