import type { PodSpec } from '../../../shared/objects/types.ts';
import {
  addedCapabilities,
  anyProcMount,
  appArmor,
  hostNamespaces,
  hostPaths,
  hostPorts,
  hostProcess,
  privileged,
  probeHosts,
  procMount,
  seccomp,
  seLinux,
  sysctls,
} from './baseline.ts';
import type { Standard } from './policy.ts';
import { confined, escalation, keptCapabilities, nonRoot, rootUser, volumeTypes } from './restricted.ts';
import type { Subject, Violation } from './subject.ts';

/** What is looked at: a pod, or the template of one. */
export interface CheckedPod {
  metadata?: { annotations?: Readonly<Record<string, string>> };
  spec: PodSpec;
}

/** One line of the published standards. */
interface Check {
  level: 'baseline' | 'restricted';
  /** The first minor version that has it; absent: all. */
  since?: number;
  /** The check of `baseline` that it takes the place of. */
  replaces?: Check['find'];
  find: (subject: Subject) => Violation | undefined;
}

/** The last version in which a check changed: later ones, and `latest`, are the same. */
const newestMinor = 35;

/** In the order in which violations are listed. */
const checks: readonly Check[] = [
  { level: 'baseline', find: appArmor },
  { level: 'baseline', find: addedCapabilities },
  { level: 'baseline', find: hostNamespaces },
  { level: 'baseline', find: hostPaths },
  { level: 'baseline', find: hostPorts },
  { level: 'baseline', since: 34, find: probeHosts },
  { level: 'baseline', find: privileged },
  { level: 'baseline', find: procMount },
  { level: 'baseline', find: seLinux },
  { level: 'baseline', find: seccomp },
  { level: 'baseline', find: sysctls },
  { level: 'baseline', find: hostProcess },
  { level: 'restricted', since: 8, find: escalation },
  { level: 'restricted', since: 22, replaces: addedCapabilities, find: keptCapabilities },
  { level: 'restricted', since: 35, replaces: procMount, find: anyProcMount },
  { level: 'restricted', replaces: hostPaths, find: volumeTypes },
  { level: 'restricted', find: nonRoot },
  { level: 'restricted', since: 23, find: rootUser },
  { level: 'restricted', since: 19, replaces: seccomp, find: confined },
];

/** What a pod violates of a standard; [] when it may be. */
export function violationsOf({ level, version }: Standard, { metadata, spec }: CheckedPod): Violation[] {
  if (level === 'privileged') return [];
  const minor = version === 'latest' ? newestMinor : Math.min(newestMinor, Number(version.slice('v1.'.length)));
  const applied = checks.filter(
    (check) => (check.since ?? 0) <= minor && (level === 'restricted' || check.level === level),
  );
  const replaced = new Set(applied.map(({ replaces }) => replaces));
  const all = [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...(spec.ephemeralContainers ?? [])];
  const subject: Subject = {
    annotations: metadata?.annotations ?? {},
    spec,
    pod: spec.securityContext ?? {},
    containers: all.map((container) => ({ name: container.name, own: container.securityContext ?? {}, container })),
    minor,
  };
  return applied.flatMap(({ find }) => (replaced.has(find) ? [] : (find(subject) ?? [])));
}
