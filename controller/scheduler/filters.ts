import { untolerated } from '../../shared/objects/taints.ts';
import type { Taint } from '../../shared/objects/types.ts';
import { unmountedSource } from '../../shared/objects/validation/unsupported.ts';
import { matchesNode } from '../../shared/objects/node-affinity.ts';
import type { HostPort, NodeInfo, PodClaim, PodObject } from './node-info.ts';

/** Why a node does not take a pod. */
export interface Miss {
  /** As Kubernetes words it after the number of nodes: `Insufficient cpu`, `node(s) were unschedulable`. */
  reason: string;
  /** What kind of change could help. */
  kind: 'node' | 'room';
  /** For resources: how much of what was asked for is missing (cpu in millicores). */
  lacks?: Lack;
}

export interface Lack {
  resource: string;
  amount: number;
  asked: number;
}

export interface Candidate {
  pod: PodObject;
  claim: PodClaim;
}

type Filter = (candidate: Candidate, info: NodeInfo) => readonly Miss[];

const none: readonly Miss[] = [];
const notReady: Taint = { key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' };
const unschedulable: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

/** In the order in which they are asked: the first that objects names the reason. */
const filters: readonly Filter[] = [
  filterUnschedulable,
  filterTaints,
  filterReady,
  filterNode,
  filterVolumes,
  filterPorts,
  filterRoom,
];

/** The reasons against a node, [] when the pod fits. */
export function findMisses(candidate: Candidate, info: NodeInfo): readonly Miss[] {
  for (const filter of filters) {
    const misses = filter(candidate, info);
    if (misses.length > 0) return misses;
  }
  return none;
}

function filterUnschedulable({ pod }: Candidate, { node }: NodeInfo): readonly Miss[] {
  if (node.spec?.unschedulable !== true || untolerated([unschedulable], pod.spec?.tolerations).length === 0)
    return none;
  return [{ reason: 'node(s) were unschedulable', kind: 'node' }];
}

function filterTaints({ pod }: Candidate, { taints }: NodeInfo): readonly Miss[] {
  const repelling = taints.filter(({ effect }) => effect !== 'PreferNoSchedule');
  const [taint] = untolerated(repelling, pod.spec?.tolerations);
  if (taint === undefined) return none;
  return [{ reason: `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`, kind: 'node' }];
}

/** The taint that says so comes a moment after the condition. */
function filterReady({ pod }: Candidate, { isReady }: NodeInfo): readonly Miss[] {
  if (isReady || untolerated([notReady], pod.spec?.tolerations).length === 0) return none;
  return [{ reason: 'node(s) were not ready', kind: 'node' }];
}

function filterNode({ pod }: Candidate, { node }: NodeInfo): readonly Miss[] {
  if (matchesNode(pod.spec ?? { containers: [] }, node)) return none;
  return [{ reason: "node(s) didn't match Pod's node affinity/selector", kind: 'node' }];
}

function filterVolumes({ pod }: Candidate): readonly Miss[] {
  const source = (pod.spec?.volumes ?? []).map(unmountedSource).find((found) => found !== undefined);
  return source === undefined ? none : [{ reason: `node(s) cannot mount volumes of type ${source}`, kind: 'node' }];
}

function filterPorts({ claim }: Candidate, info: NodeInfo): readonly Miss[] {
  if (claim.ports.length === 0) return none;
  const taken = info.hostPorts();
  if (!claim.ports.some((port) => taken.some((other) => collides(port, other)))) return none;
  return [{ reason: "node(s) didn't have free ports for the requested pod ports", kind: 'room' }];
}

function collides(a: HostPort, b: HostPort): boolean {
  const isSameAddress = a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0';
  return a.port === b.port && a.protocol === b.protocol && isSameAddress;
}

function filterRoom({ claim }: Candidate, info: NodeInfo): readonly Miss[] {
  let misses: Miss[] | undefined;
  for (const resource in claim.requests) {
    const asked = claim.requests[resource] ?? 0;
    const amount = asked - Math.max(0, info.free(resource));
    if (asked === 0 || amount <= 0) continue;
    const reason = resource === 'pods' ? 'Too many pods' : `Insufficient ${resource}`;
    (misses ??= []).push({ reason, kind: 'room', lacks: { resource, amount, asked } });
  }
  return misses ?? none;
}
