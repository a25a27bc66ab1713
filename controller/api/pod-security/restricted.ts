import { seccomp } from './baseline.ts';
import {
  capabilitiesBeside,
  containersNamed,
  counted,
  hasOwnUsers,
  isWindows,
  namesWhere,
  quoted,
  settersOf,
  sorted,
  uses,
} from './subject.ts';
import type { Subject, Violation } from './subject.ts';

/** What the standard `restricted` asks for on top of `baseline`. Undefined: there is nothing wrong. */

export function escalation(subject: Subject): Violation | undefined {
  if (isWindows(subject)) return undefined;
  const names = namesWhere(subject, ({ own }) => own.allowPrivilegeEscalation !== false);
  if (names.length === 0) return undefined;
  const detail = `${containersNamed(names)} must set securityContext.allowPrivilegeEscalation=false`;
  return { reason: 'allowPrivilegeEscalation != false', detail };
}

const volumeSources: readonly string[] = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

export function volumeTypes({ spec }: Subject): Violation | undefined {
  const wrong = (spec.volumes ?? []).flatMap(({ name, ...sources }) => {
    const types = Object.keys(sources);
    return types.some((type) => volumeSources.includes(type)) ? [] : [{ name, type: types[0] ?? 'unknown' }];
  });
  if (wrong.length === 0) return undefined;
  const [names, types] = [wrong.map(({ name }) => name), sorted(wrong.map(({ type }) => type))];
  const what = `${counted(types, 'restricted volume type')} ${quoted(types)}`;
  return {
    reason: 'restricted volume types',
    detail: `${counted(names, 'volume')} ${quoted(names)} ${uses(names)} ${what}`,
  };
}

export function nonRoot(subject: Subject): Violation | undefined {
  if (hasOwnUsers(subject)) return undefined;
  const reason = 'runAsNonRoot != true';
  const setters = settersOf(subject, ({ runAsNonRoot }) => runAsNonRoot === false);
  if (setters.length > 0) {
    return { reason, detail: `${setters.join(' and ')} must not set securityContext.runAsNonRoot=false` };
  }
  const names = namesWhere(subject, ({ own }) => own.runAsNonRoot === undefined && !subject.pod.runAsNonRoot);
  if (names.length === 0) return undefined;
  return { reason, detail: `pod or ${containersNamed(names)} must set securityContext.runAsNonRoot=true` };
}

export function rootUser(subject: Subject): Violation | undefined {
  if (hasOwnUsers(subject)) return undefined;
  const setters = settersOf(subject, ({ runAsUser }) => runAsUser === 0);
  if (setters.length === 0) return undefined;
  return { reason: 'runAsUser=0', detail: `${setters.join(' and ')} must not set runAsUser=0` };
}

export function keptCapabilities(subject: Subject): Violation | undefined {
  if (isWindows(subject)) return undefined;
  const keeping = namesWhere(subject, ({ own }) => !(own.capabilities?.drop ?? []).includes('ALL'));
  const added = capabilitiesBeside(subject, ['NET_BIND_SERVICE']);
  const details = [
    ...(keeping.length > 0 ? [`${containersNamed(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(added === undefined ? [] : [added]),
  ];
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') };
}

export function confined(subject: Subject): Violation | undefined {
  if (isWindows(subject)) return undefined;
  const isUnset = subject.pod.seccompProfile === undefined;
  const names = namesWhere(subject, ({ own }) => isUnset && own.seccompProfile === undefined);
  const rule = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"';
  const unset = names.length === 0 ? undefined : `pod or ${containersNamed(names)} ${rule}`;
  return seccomp(subject) ?? (unset === undefined ? undefined : { reason: 'seccompProfile', detail: unset });
}
