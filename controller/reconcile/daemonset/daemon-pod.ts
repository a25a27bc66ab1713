import { matchesNode } from '../../../shared/objects/node-affinity.ts';
import { untolerated } from '../../../shared/objects/taints.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import type { DaemonSet, KubeObject, PodTemplateSpec, Taint, Toleration } from '../../../shared/objects/types.ts';
import type { Store } from '../../store/store.ts';
import { diskPressureTaint, notReadyTaint, unreachableTaint, unschedulableTaint } from '../node-state.ts';
import type { NodeObject } from '../node-state.ts';
import type { PodOrder } from '../pod-changes.ts';
import { podFromTemplate } from '../pod-from-template.ts';
import type { PodObject } from '../pod-state.ts';

export type DaemonSetObject = KubeObject & DaemonSet;

export const hashLabel = 'controller-revision-hash';
const generationLabel = 'pod-template-generation';

/** What pods of every DaemonSet stand. */
const added: readonly Toleration[] = [
  ...[notReadyTaint, unreachableTaint].map((key) => ({ key, operator: 'Exists', effect: 'NoExecute' })),
  ...[
    diskPressureTaint,
    'node.kubernetes.io/memory-pressure',
    'node.kubernetes.io/pid-pressure',
    unschedulableTaint,
  ].map((key) => ({ key, operator: 'Exists', effect: 'NoSchedule' })),
];
const withoutNetwork: Toleration = {
  key: 'node.kubernetes.io/network-unavailable',
  operator: 'Exists',
  effect: 'NoSchedule',
};

/** What tells the pods of one revision from those of another. */
interface Identity {
  hash: string;
  revision: number;
}

/** Whether a node is to get a pod, and whether it may keep the one that it has. */
export interface NodeFit {
  shouldRun: boolean;
  mayContinue: boolean;
}

/** How a node suits the pods of a template. Room on the node is the scheduler's concern. */
export function judgeNode({ spec }: PodTemplateSpec, node: NodeObject): NodeFit {
  const asked = spec?.nodeName ?? '';
  const isMeant = asked === '' || asked === node.metadata.name;
  if (!isMeant || !matchesNode(spec ?? { containers: [] }, node)) return { shouldRun: false, mayContinue: false };
  const repelling = untolerated(taintsOf(node), tolerationsOf(spec)).map(({ effect }) => effect);
  const mayContinue = !repelling.includes('NoExecute');
  return { mayContinue, shouldRun: mayContinue && !repelling.includes('NoSchedule') };
}

/** The labels of the pods of a revision. */
export function labelsOf(template: PodTemplateSpec | undefined, { hash, revision }: Identity): Record<string, string> {
  return { ...template?.metadata?.labels, [hashLabel]: hash, [generationLabel]: String(revision) };
}

/** A pod for this node: it is not bound, but no other node suits it. */
export function orderOf(store: Store, set: DaemonSetObject, node: string, identity: Identity): PodOrder {
  const template = set.spec?.template ?? {};
  const labels = labelsOf(template, identity);
  const make = (name: string): PodObject => {
    const pod = podFromTemplate(store, set, { ...template, metadata: { ...template.metadata, labels } }, name);
    const { containers = [], affinity, ...spec } = pod.spec ?? {};
    const required = {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }],
    };
    const nodeAffinity = { ...affinity?.nodeAffinity, requiredDuringSchedulingIgnoredDuringExecution: required };
    const tolerations = tolerationsOf(pod.spec);
    return { ...pod, spec: { ...spec, containers, affinity: { ...affinity, nodeAffinity }, tolerations } };
  };
  return { base: set.metadata.name, make };
}

/** The node that a pod is on, or was made for. */
export function nodeOf({ spec }: PodObject): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = required?.nodeSelectorTerms.flatMap(({ matchFields = [] }) => matchFields);
  return fields?.find(({ key, operator }) => key === 'metadata.name' && operator === 'In')?.values?.[0];
}

/** Taints come a moment after what they stand for. */
function taintsOf({ spec, status }: NodeObject): Taint[] {
  const ready = findCondition(status?.conditions, 'Ready')?.status;
  return [
    ...(spec?.taints ?? []),
    ...(spec?.unschedulable === true ? [{ key: unschedulableTaint, effect: 'NoSchedule' }] : []),
    ...(ready === 'True'
      ? []
      : [{ key: ready === 'Unknown' ? unreachableTaint : notReadyTaint, effect: 'NoSchedule' }]),
  ];
}

function tolerationsOf(spec: PodTemplateSpec['spec']): Toleration[] {
  const wanted = spec?.hostNetwork === true ? [...added, withoutNetwork] : added;
  const isReplaced = (own: Toleration): boolean =>
    wanted.some(({ key, effect }) => own.key === key && own.effect === effect && own.operator === 'Exists');
  return [...(spec?.tolerations ?? []).filter((own) => !isReplaced(own)), ...wanted];
}
