import { backoffMs } from '../../../shared/backoff.ts';

/** One pod of a DaemonSet on its node. */
export interface DaemonPod {
  name: string;
  phase: 'active' | 'succeeded' | 'failed';
  /** Made from the present template. */
  isCurrent: boolean;
  isTerminating: boolean;
  isReady: boolean;
  isAvailable: boolean;
  createdAt: number;
}

/** One node, with all pods of the DaemonSet that are on it or meant for it. */
export interface DaemonNode {
  name: string;
  shouldRun: boolean;
  mayContinue: boolean;
  /** Nobody knows what still runs there. */
  isLost: boolean;
  pods: readonly DaemonPod[];
  /** Failed pods that were removed here one after the other, and when the last was. */
  failures?: { count: number; at: number };
}

export interface DaemonView {
  nodes: readonly DaemonNode[];
  /** Of the present rollout; both 0 when pods are replaced by hand only. */
  maxUnavailable: number;
  maxSurge: number;
  now: number;
}

export interface DaemonPlan {
  /** Nodes that get a pod. */
  create: string[];
  /** Names of pods. */
  delete: string[];
  /** Ended pods among those deleted. */
  ended: { node: string; pod: DaemonPod }[];
  againMs?: number;
}

const backoff = { initialMs: 1_000, maxMs: 900_000 };

/** What to make and remove: one pod on each node that should have one, and never two but while a rollout surges. */
export function planDaemons(view: DaemonView): DaemonPlan {
  const plan: DaemonPlan = { create: [], delete: [], ended: [] };
  for (const node of view.nodes) planNode(view, node, plan);
  if (view.maxSurge > 0) planSurge(view, plan);
  else if (view.maxUnavailable > 0) planReplacement(view, plan);
  return { ...plan, delete: [...new Set(plan.delete)] };
}

function planNode(view: DaemonView, node: DaemonNode, plan: DaemonPlan): void {
  if (node.pods.length === 0) {
    if (node.shouldRun && !node.isLost) plan.create.push(node.name);
    return;
  }
  const staying = node.pods.filter(({ isTerminating }) => !isTerminating);
  if (!node.mayContinue) {
    plan.delete.push(...staying.map(({ name }) => name));
    return;
  }
  removeEnded(view, node, plan);
  plan.delete.push(...surplusOf(view, livePods(node)).map(({ name }) => name));
}

function removeEnded({ now }: DaemonView, { name: node, pods, failures }: DaemonNode, plan: DaemonPlan): void {
  for (const pod of pods) {
    if (pod.isTerminating || pod.phase === 'active') continue;
    const wait = pod.phase === 'succeeded' || !failures ? 0 : failures.at + backoffMs(failures.count, backoff) - now;
    if (wait > 0) {
      plan.againMs = Math.min(plan.againMs ?? Infinity, wait);
      continue;
    }
    plan.ended.push({ node, pod });
    plan.delete.push(pod.name);
  }
}

/** All but the oldest; a surge keeps the oldest of either template until the new pod can do without the old one. */
function surplusOf({ maxSurge }: DaemonView, live: readonly DaemonPod[]): DaemonPod[] {
  const oldestFirst = live.toSorted((a, b) => a.createdAt - b.createdAt || (a.name < b.name ? -1 : 1));
  if (maxSurge === 0) return oldestFirst.slice(1);
  const next = oldestFirst.find(({ isCurrent }) => isCurrent);
  const old = oldestFirst.find(({ isCurrent }) => !isCurrent);
  const isOver = next !== undefined && old !== undefined && (!old.isReady || next.isAvailable);
  return oldestFirst.filter((pod) => pod !== next && (pod !== old || isOver));
}

/** Old pods give way as far as the budget goes; those that serve nobody do so at once. */
function planReplacement({ nodes, maxUnavailable }: DaemonView, plan: DaemonPlan): void {
  const wanted = nodes.filter(({ shouldRun }) => shouldRun);
  const unavailable = wanted.filter((node) => !hasAvailable(node)).length;
  const settled = wanted.flatMap((node) => {
    const [pod, second] = livePods(node);
    return pod === undefined || second !== undefined || pod.isCurrent ? [] : [pod];
  });
  const idle = settled.filter(({ isAvailable }) => !isAvailable);
  const serving = settled.filter(({ isAvailable }) => isAvailable);
  const room = Math.max(0, maxUnavailable - unavailable);
  plan.delete.push(...[...idle, ...serving.slice(0, room)].map(({ name }) => name));
}

/** New pods come beside the old ones as far as the budget goes; old ones that serve nobody give way at once. */
function planSurge({ nodes, maxSurge }: DaemonView, plan: DaemonPlan): void {
  const surging = nodes.filter(({ pods }) => pods.length > 1).length;
  const candidates = nodes.flatMap(({ name, shouldRun, isLost, pods: [pod, second] }) => {
    if (!shouldRun || isLost || pod === undefined || second !== undefined) return [];
    return pod.phase !== 'active' || pod.isTerminating || pod.isCurrent ? [] : [{ node: name, pod }];
  });
  plan.delete.push(...candidates.filter(({ pod }) => !pod.isReady).map(({ pod }) => pod.name));
  const serving = candidates.filter(({ pod }) => pod.isReady).map(({ node }) => node);
  plan.create.push(...serving.slice(0, Math.max(0, maxSurge - surging)));
}

/** The counts of a DaemonSet's status. */
export function countDaemons(nodes: readonly DaemonNode[]): DaemonCounts {
  const counts = {
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
    updatedNumberScheduled: 0,
    numberAvailable: 0,
    numberUnavailable: 0,
  };
  for (const { shouldRun, pods } of nodes) {
    const [oldest] = pods.toSorted((a, b) => a.createdAt - b.createdAt);
    if (!shouldRun) {
      if (oldest !== undefined) counts.numberMisscheduled += 1;
      continue;
    }
    counts.desiredNumberScheduled += 1;
    if (oldest === undefined) continue;
    counts.currentNumberScheduled += 1;
    if (oldest.isReady) counts.numberReady += 1;
    if (oldest.isAvailable) counts.numberAvailable += 1;
    if (oldest.isCurrent) counts.updatedNumberScheduled += 1;
  }
  counts.numberUnavailable = counts.desiredNumberScheduled - counts.numberAvailable;
  return counts;
}

type DaemonCounts = Record<
  | 'currentNumberScheduled'
  | 'desiredNumberScheduled'
  | 'numberMisscheduled'
  | 'numberReady'
  | 'updatedNumberScheduled'
  | 'numberAvailable'
  | 'numberUnavailable',
  number
>;

function livePods({ pods }: DaemonNode): DaemonPod[] {
  return pods.filter(({ phase, isTerminating }) => phase === 'active' && !isTerminating);
}

function hasAvailable(node: DaemonNode): boolean {
  return livePods(node).some(({ isAvailable }) => isAvailable);
}
