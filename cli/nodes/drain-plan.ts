import type { Pod, Stored } from '../../shared/objects/types.ts';

/** What may be lost by draining a node. */
export interface DrainFlags {
  force?: boolean;
  ignoreDaemonsets?: boolean;
  deleteEmptydirData?: boolean;
}

export interface DrainPlan {
  evict: Stored<Pod>[];
  /** What is lost or left, for people to know. */
  warnings: string[];
  /** What keeps the node from being drained, each with the flag that allows it. */
  problems: string[];
}

interface Rule {
  isMet: (pod: Stored<Pod>) => boolean;
  flag: keyof DrainFlags;
  /** What is said without the flag, and with it: kubectl's words. */
  problem: string;
  warning: string;
  /** Pods that stay on the node even with the flag. */
  stays?: boolean;
}

const rules: readonly Rule[] = [
  {
    isMet: (pod) => ownerKind(pod) === 'DaemonSet',
    flag: 'ignoreDaemonsets',
    problem: 'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)',
    warning: 'ignoring DaemonSet-managed Pods',
    stays: true,
  },
  {
    isMet: ({ spec }) => spec?.volumes?.some(({ emptyDir }) => emptyDir !== undefined) ?? false,
    flag: 'deleteEmptydirData',
    problem: 'cannot delete Pods with local storage (use --delete-emptydir-data to override)',
    warning: 'deleting Pods with local storage',
  },
  {
    isMet: (pod) => ownerKind(pod) === undefined,
    flag: 'force',
    problem: 'cannot delete Pods that declare no controller (use --force to override)',
    warning: 'deleting Pods that declare no controller',
  },
];

/** Which pods of a node go, by kubectl's rules: finished ones always, mirrors of a node's own files never. */
export function planDrain(pods: readonly Stored<Pod>[], flags: DrainFlags): DrainPlan {
  const movable = pods.filter(({ metadata }) => metadata.annotations?.['kubernetes.io/config.mirror'] === undefined);
  const told = new Map<string, string[]>();
  const tell = (text: string, { metadata }: Stored<Pod>): void =>
    void told.set(text, [...(told.get(text) ?? []), `${metadata.namespace}/${metadata.name}`]);
  const evict = movable.filter((pod) => {
    if (['Succeeded', 'Failed'].includes(pod.status?.phase ?? '')) return true;
    const met = rules.filter(({ isMet }) => isMet(pod));
    const blocking = met.find(({ flag }) => flags[flag] !== true);
    const staying = met.find(({ stays }) => stays);
    if (staying !== undefined) tell(flags[staying.flag] === true ? staying.warning : staying.problem, pod);
    else if (blocking !== undefined) tell(blocking.problem, pod);
    else for (const { warning } of met) tell(warning, pod);
    return staying === undefined && blocking === undefined;
  });
  const show = (kind: 'warning' | 'problem'): string[] =>
    rules.flatMap((rule) => (told.has(rule[kind]) ? [`${rule[kind]}: ${told.get(rule[kind])?.join(', ')}`] : []));
  return { evict, warnings: show('warning'), problems: show('problem') };
}

/** Whether a pod should have ended more than so many seconds ago, so that nobody waits for it; 0 waits for ever. */
export function isGivenUp({ metadata }: Stored<Pod>, seconds: number, now: number): boolean {
  const { deletionTimestamp } = metadata;
  return seconds > 0 && deletionTimestamp !== undefined && now - Date.parse(deletionTimestamp) > seconds * 1000;
}

function ownerKind({ metadata }: Stored<Pod>): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller)?.kind;
}
