import { formatQuantity } from '../../shared/objects/quantity.ts';
import type { Lack, Miss } from './filters.ts';

/** The reasons against one node. */
export interface NodeMisses {
  node: string;
  misses: readonly Miss[];
}

/**
 * Why no node takes a pod, as Kubernetes counts it, and which node comes closest:
 * `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable. closest: node-2 lacks 200m cpu.`
 */
export function explainMisses(all: readonly NodeMisses[]): string {
  if (all.length === 0) return 'no nodes available to schedule pods';
  const counts = new Map<string, number>();
  for (const { reason } of all.flatMap(({ misses }) => misses)) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  const closest = closestNode(all);
  const hint = closest === undefined ? '' : ` closest: ${closest.node} lacks ${listLacks(closest.misses)}.`;
  return `0/${all.length} nodes are available: ${reasons.join(', ')}.${hint}`;
}

/** The node that only lacks room, and least of it: fewest resources, then the smallest part of what was asked for. */
function closestNode(all: readonly NodeMisses[]): NodeMisses | undefined {
  const shortOfRoom = all.filter(({ misses }) => misses.every(({ lacks }) => lacks !== undefined));
  return [...shortOfRoom].sort(
    (a, b) => a.misses.length - b.misses.length || largestLack(a) - largestLack(b) || (a.node < b.node ? -1 : 1),
  )[0];
}

function largestLack({ misses }: NodeMisses): number {
  return Math.max(...misses.map(({ lacks }) => (lacks ? lacks.amount / lacks.asked : 0)));
}

function listLacks(misses: readonly Miss[]): string {
  return misses.flatMap(({ lacks }) => (lacks ? `${formatAmount(lacks)} ${lacks.resource}` : [])).join(' and ');
}

function formatAmount({ resource, amount }: Lack): string {
  if (resource === 'cpu') return formatQuantity({ nano: BigInt(amount) * 1_000_000n, format: 'decimal' });
  const format = resource === 'memory' || resource === 'ephemeral-storage' ? 'binary' : 'decimal';
  return formatQuantity({ nano: BigInt(amount) * 1_000_000_000n, format });
}
