import type { Container } from '../../../shared/objects/types.ts';
import {
  capabilitiesBeside,
  containersNamed,
  counted,
  hasOwnUsers,
  namesWhere,
  quoted,
  settersOf,
  sorted,
  uses,
  wrongProfiles,
} from './subject.ts';
import type { Subject, Violation } from './subject.ts';

/** The checks of the standard `baseline`: what is known to reach beyond the pod. Undefined: there is nothing wrong. */

export function appArmor(subject: Subject): Violation | undefined {
  const { setters, types } = wrongProfiles(subject, 'appArmorProfile');
  const annotations = Object.entries(subject.annotations)
    .filter(([name]) => name.startsWith('container.apparmor.security.beta.kubernetes.io/'))
    .filter(([, value]) => value !== '' && value !== 'runtime/default' && !value.startsWith('localhost/'))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .sort();
  if (annotations.length > 0) setters.push(annotations.length === 1 ? 'annotation' : 'annotations');
  if (setters.length === 0) return undefined;
  const values = [...types, ...annotations];
  const reason = values.length === 1 ? 'forbidden AppArmor profile' : 'forbidden AppArmor profiles';
  return { reason, detail: `${setters.join(' and ')} must not set AppArmor profile type to ${quoted(values)}` };
}

const harmlessCapabilities: readonly string[] = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
];

export function addedCapabilities(subject: Subject): Violation | undefined {
  const detail = capabilitiesBeside(subject, harmlessCapabilities);
  return detail === undefined ? undefined : { reason: 'non-default capabilities', detail };
}

export function hostNamespaces({ spec }: Subject): Violation | undefined {
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]);
  return shared.length === 0
    ? undefined
    : { reason: 'host namespaces', detail: shared.map((name) => `${name}=true`).join(', ') };
}

export function hostPaths({ spec }: Subject): Violation | undefined {
  const names = (spec.volumes ?? []).filter(({ hostPath }) => hostPath).map(({ name }) => name);
  if (names.length === 0) return undefined;
  return { reason: 'hostPath volumes', detail: `${counted(names, 'volume')} ${quoted(names)}` };
}

export function hostPorts(subject: Subject): Violation | undefined {
  const portsOf = (container: Container): string[] =>
    (container.ports ?? []).flatMap(({ hostPort }) => (hostPort ? [String(hostPort)] : []));
  const names = namesWhere(subject, ({ container }) => portsOf(container).length > 0);
  if (names.length === 0) return undefined;
  const ports = sorted(subject.containers.flatMap(({ container }) => portsOf(container)));
  const detail = `${containersNamed(names)} ${uses(names)} ${counted(ports, 'hostPort')} ${ports.join(', ')}`;
  return { reason: 'hostPort', detail };
}

export function probeHosts(subject: Subject): Violation | undefined {
  const hostsOf = ({ livenessProbe, readinessProbe, startupProbe, lifecycle }: Container): string[] =>
    [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
      .flatMap((handler) => [handler?.httpGet?.host, handler?.tcpSocket?.host])
      .filter((host): host is string => host !== undefined && host !== '');
  const names = sorted(namesWhere(subject, ({ container }) => hostsOf(container).length > 0));
  if (names.length === 0) return undefined;
  const hosts = sorted(subject.containers.flatMap(({ container }) => hostsOf(container)));
  const what = counted(hosts, 'probe or lifecycle host');
  const detail = `${containersNamed(names)} ${uses(names)} ${what} ${quoted(hosts)}`;
  return { reason: 'probe or lifecycle host', detail };
}

export function privileged(subject: Subject): Violation | undefined {
  const names = namesWhere(subject, ({ own }) => own.privileged === true);
  if (names.length === 0) return undefined;
  return { reason: 'privileged', detail: `${containersNamed(names)} must not set securityContext.privileged=true` };
}

export function procMount(subject: Subject): Violation | undefined {
  return hasOwnUsers(subject) ? undefined : anyProcMount(subject);
}

export function anyProcMount(subject: Subject): Violation | undefined {
  const isOther = (type = 'Default'): boolean => type !== 'Default';
  const names = namesWhere(subject, ({ own }) => isOther(own.procMount));
  if (names.length === 0) return undefined;
  const types = sorted(subject.containers.map(({ own }) => own.procMount ?? 'Default').filter(isOther));
  const detail = `${containersNamed(names)} must not set securityContext.procMount to ${quoted(types)}`;
  return { reason: 'procMount', detail };
}

export function seLinux(subject: Subject): Violation | undefined {
  const allowed = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
  if (subject.minor >= 31) allowed.push('container_engine_t');
  type Options = Subject['pod']['seLinuxOptions'];
  const isWrongType = (options: Options): boolean => !allowed.includes(options?.type ?? '');
  const isWrong = (options: Options): boolean =>
    isWrongType(options) || Boolean(options?.user) || Boolean(options?.role);
  const setters = settersOf(subject, ({ seLinuxOptions }) => isWrong(seLinuxOptions));
  if (setters.length === 0) return undefined;
  const options = [subject.pod, ...subject.containers.map(({ own }) => own)].map((context) => context.seLinuxOptions);
  const types = sorted(options.filter(isWrongType).map((each) => each?.type ?? ''));
  const problems = [
    ...(types.length > 0 ? [`${counted(types, 'type')} ${quoted(types)}`] : []),
    ...(options.some((each) => each?.user) ? ['user may not be set'] : []),
    ...(options.some((each) => each?.role) ? ['role may not be set'] : []),
  ];
  const detail = `${setters.join(' and ')} set forbidden securityContext.seLinuxOptions: ${problems.join('; ')}`;
  return { reason: 'seLinuxOptions', detail };
}

export function seccomp(subject: Subject): Violation | undefined {
  if (subject.minor < 19) return seccompAnnotations(subject);
  const { setters, types } = wrongProfiles(subject, 'seccompProfile');
  if (setters.length === 0) return undefined;
  const detail = `${setters.join(' and ')} must not set securityContext.seccompProfile.type to ${quoted(types)}`;
  return { reason: 'seccompProfile', detail };
}

/** Before the field was there. */
function seccompAnnotations({ annotations, containers }: Subject): Violation | undefined {
  const forContainers = containers.map(({ name }) => `container.seccomp.security.alpha.kubernetes.io/${name}`);
  const names = ['seccomp.security.alpha.kubernetes.io/pod', ...forContainers];
  const isAllowed = (value: string): boolean =>
    value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/');
  const wrong = names.flatMap((name) => {
    const value = annotations[name];
    return value === undefined || isAllowed(value) ? [] : [`${name}=${JSON.stringify(value)}`];
  });
  if (wrong.length === 0) return undefined;
  const values = sorted(wrong);
  return { reason: 'seccompProfile', detail: `forbidden ${counted(values, 'annotation')} ${values.join(', ')}` };
}

/** Sysctls that concern nobody but the pod, with the first version that allows them. */
const harmlessSysctls: Readonly<Record<string, number>> = {
  'kernel.shm_rmid_forced': 0,
  'net.ipv4.ip_local_port_range': 0,
  'net.ipv4.tcp_syncookies': 0,
  'net.ipv4.ping_group_range': 0,
  'net.ipv4.ip_unprivileged_port_start': 0,
  'net.ipv4.ip_local_reserved_ports': 27,
  'net.ipv4.tcp_keepalive_time': 29,
  'net.ipv4.tcp_fin_timeout': 29,
  'net.ipv4.tcp_keepalive_intvl': 29,
  'net.ipv4.tcp_keepalive_probes': 29,
  'net.ipv4.tcp_rmem': 32,
  'net.ipv4.tcp_wmem': 32,
};

export function sysctls({ pod, minor }: Subject): Violation | undefined {
  const names = (pod.sysctls ?? []).map(({ name }) => name);
  const wrong = names.filter((name) => !((harmlessSysctls[name] ?? Infinity) <= minor));
  return wrong.length === 0 ? undefined : { reason: 'forbidden sysctls', detail: wrong.join(', ') };
}

export function hostProcess(subject: Subject): Violation | undefined {
  const setters = settersOf(subject, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
  if (setters.length === 0) return undefined;
  const detail = `${setters.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`;
  return { reason: 'hostProcess', detail };
}
