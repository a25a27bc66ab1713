import type { Cause } from '../../errors.ts';
import type { Container, PodSpec, VolumeMount } from '../types.ts';
import { eachOf, findDuplicates, forbidden, invalid, notFound, notSupported, required } from './causes.ts';
import { envCauses } from './env.ts';
import { absolutePath, between, dnsLabel, insidePath, ipAddress, portName, portNumber } from './formats.ts';
import { probesCauses } from './probe.ts';
import { resizePolicyCauses } from './resize-policy.ts';
import { resourceCauses } from './resource-amounts.ts';

/** Checks all containers of a pod spec, one by one and together. */
export function containersCauses(spec: PodSpec, path: string): Cause[] {
  const { containers } = spec;
  const inits = spec.initContainers ?? [];
  const field = (index: number): string =>
    index < inits.length ? `${path}.initContainers[${index}].name` : `${path}.containers[${index - inits.length}].name`;
  return [
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...findDuplicates([...inits, ...containers], field, ({ name }) => name),
    ...eachOf(inits, `${path}.initContainers`, (init, at) => containerCauses(init, spec, at, true)),
    ...eachOf(containers, `${path}.containers`, (container, at) => containerCauses(container, spec, at, false)),
  ];
}

/** Checks one container of a pod spec. */
export function containerCauses(container: Container, spec: PodSpec, path: string, isInitList: boolean): Cause[] {
  const isSidecar = isInitList && container.restartPolicy === 'Always';
  return [
    ...dnsLabel(container.name, `${path}.name`),
    ...imageCauses(container.image, `${path}.image`),
    ...restartCauses(container.restartPolicy, `${path}.restartPolicy`, isInitList),
    ...portsCauses(container.ports, spec.hostNetwork ?? false, `${path}.ports`),
    ...envCauses(container, path),
    ...mountsCauses(container, spec, `${path}.volumeMounts`),
    ...resourceCauses(container, `${path}.resources`),
    ...resizePolicyCauses(container.resizePolicy, spec.restartPolicy, `${path}.resizePolicy`),
    ...probesCauses(container, path, isInitList && !isSidecar),
    ...securityCauses(container.securityContext, spec.hostUsers ?? true, `${path}.securityContext`),
    ...absolutePath(container.terminationMessagePath, `${path}.terminationMessagePath`),
  ];
}

function imageCauses(image: string | undefined, field: string): Cause[] {
  if (!image) return [required(field)];
  return image.trim() === image ? [] : [invalid(field, image, 'must not have leading or trailing whitespace')];
}

function restartCauses(policy: string | undefined, field: string, isInitList: boolean): Cause[] {
  if (!policy) return [];
  if (!isInitList) return [forbidden(field, 'may not be set for non-init containers')];
  return policy === 'Always' ? [] : [notSupported(field, policy, ['Always'])];
}

function portsCauses(ports: Container['ports'], isHostNetwork: boolean, path: string): Cause[] {
  return [
    ...findDuplicates(
      ports,
      (index) => `${path}[${index}].name`,
      ({ name }) => name,
    ),
    ...findDuplicates(
      ports,
      (index) => `${path}[${index}].hostPort`,
      ({ hostPort, hostIP = '', protocol = 'TCP' }) => (hostPort ? `${protocol}/${hostIP}/${hostPort}` : undefined),
    ),
    ...eachOf(ports, path, ({ name, containerPort, hostPort, hostIP }, at) => [
      ...portName(name, `${at}.name`),
      ...portNumber(containerPort, `${at}.containerPort`),
      ...(hostPort ? portNumber(hostPort, `${at}.hostPort`) : []),
      ...ipAddress(hostIP, `${at}.hostIP`),
      ...(isHostNetwork && hostPort && hostPort !== containerPort
        ? [invalid(`${at}.containerPort`, containerPort, 'must match `hostPort` when `hostNetwork` is true')]
        : []),
    ]),
  ];
}

function mountsCauses({ volumeMounts, securityContext }: Container, { volumes }: PodSpec, path: string): Cause[] {
  const names = new Set((volumes ?? []).map(({ name }) => name));
  const seen = new Set<string>();
  return eachOf(volumeMounts, path, (mount, at) => {
    const causes = mountCauses(mount, at, securityContext?.privileged ?? false);
    if (mount.name && !names.has(mount.name)) causes.push(notFound(`${at}.name`, mount.name));
    if (seen.has(mount.mountPath)) causes.push(invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    seen.add(mount.mountPath);
    return causes;
  });
}

function mountCauses(mount: VolumeMount, path: string, isPrivileged: boolean): Cause[] {
  const { mountPath, subPath, subPathExpr, mountPropagation, readOnly, recursiveReadOnly = 'Disabled' } = mount;
  const causes = [
    ...absolutePath(mountPath, `${path}.mountPath`),
    ...insidePath(subPath, `${path}.subPath`),
    ...insidePath(subPathExpr, `${path}.subPathExpr`),
  ];
  if (mountPath?.includes(':')) causes.push(invalid(`${path}.mountPath`, mountPath, "must not contain ':'"));
  if (subPath && subPathExpr) {
    causes.push(invalid(`${path}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
  }
  if (recursiveReadOnly !== 'Disabled') {
    const only = (what: string): Cause => forbidden(`${path}.recursiveReadOnly`, `may only be specified when ${what}`);
    if (!readOnly) causes.push(only('readOnly is true'));
    if ((mountPropagation ?? 'None') !== 'None') causes.push(only('mountPropagation is None or not specified'));
  }
  if (mountPropagation === 'Bidirectional' && !isPrivileged) {
    const detail = 'Bidirectional mount propagation is available only to privileged containers';
    causes.push(forbidden(`${path}.mountPropagation`, detail));
  }
  return causes;
}

const maxId = 2 ** 31 - 1;

/** Of seccomp or AppArmor. */
interface Profile {
  type: string;
  localhostProfile?: string;
}

function securityCauses(context: Container['securityContext'], hostUsers: boolean, path: string): Cause[] {
  if (!context) return [];
  const { runAsUser, runAsGroup, privileged, allowPrivilegeEscalation, capabilities } = context;
  const { seccompProfile, appArmorProfile, procMount } = context;
  const causes = [
    ...between(runAsUser, `${path}.runAsUser`, 0, maxId),
    ...between(runAsGroup, `${path}.runAsGroup`, 0, maxId),
    ...profileCauses(seccompProfile, 'seccomp', `${path}.seccompProfile`),
    ...profileCauses(appArmorProfile, 'AppArmor', `${path}.appArmorProfile`),
    ...(procMount === 'Unmasked' && hostUsers
      ? [invalid(`${path}.procMount`, procMount, '`hostUsers` must be false to use `Unmasked`')]
      : []),
  ];
  if (allowPrivilegeEscalation !== false) return causes;
  // In this notation alone, as in Kubernetes: the others are accepted there, and in what people have written.
  const hasAdmin = capabilities?.add?.includes('CAP_SYS_ADMIN') ?? false;
  if (privileged) {
    causes.push(invalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'));
  } else if (hasAdmin) {
    const detail = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN';
    causes.push(invalid(path, context, detail));
  }
  return causes;
}

/** Of a container or of a whole pod. */
export function profileCauses(profile: Profile | undefined, kind: 'seccomp' | 'AppArmor', path: string): Cause[] {
  if (!profile) return [];
  const { type, localhostProfile } = profile;
  const field = `${path}.localhostProfile`;
  if (type === 'Localhost') {
    if (!localhostProfile) return [required(field, `must be set when ${kind} type is Localhost`)];
    if (kind === 'seccomp') return insidePath(localhostProfile, field);
    const isPadded = localhostProfile.trim() !== localhostProfile;
    return isPadded ? [invalid(field, localhostProfile, 'must not be padded with whitespace')] : [];
  }
  return localhostProfile ? [invalid(field, localhostProfile, `can only be set when ${kind} type is Localhost`)] : [];
}

/** Numbers of a whole pod that are checked with the same bounds. */
export function idCauses(ids: Readonly<Record<string, number | undefined>>, path: string): Cause[] {
  return Object.entries(ids).flatMap(([name, id]) => between(id, `${path}.${name}`, 0, maxId));
}
