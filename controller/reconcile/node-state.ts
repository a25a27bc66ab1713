import type { KubeObject, Node } from '../../shared/objects/types.ts';
import { findCondition } from '../../shared/objects/conditions.ts';

/** A node as the store keeps it. */
export type NodeObject = KubeObject & Node;

export const unreachableTaint = 'node.kubernetes.io/unreachable';
export const diskPressureTaint = 'node.kubernetes.io/disk-pressure';
export const notReadyTaint = 'node.kubernetes.io/not-ready';
export const unschedulableTaint = 'node.kubernetes.io/unschedulable';

/**
 * A node is lost when it is gone, or silent and confirmed to be: node-lifecycle writes `Ready=Unknown` as soon as a
 * node is silent, and the NoExecute taint when the silence is no fault of the bus or of the controller itself.
 */
export function isNodeLost(node: NodeObject | undefined): boolean {
  if (node === undefined) return true;
  return findCondition(node.status?.conditions, 'Ready')?.status === 'Unknown' && isConfirmedSilent(node);
}

/** Replacements for this node's pods were allowed. */
export function isConfirmedSilent(node: NodeObject): boolean {
  return node.spec?.taints?.some(({ key, effect }) => key === unreachableTaint && effect === 'NoExecute') ?? false;
}
