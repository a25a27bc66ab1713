import { posix } from 'node:path';
import { ApiError } from '../../../../shared/errors.ts';
import { idsPerPod, type PodUsers } from '../../../host/namespaces.ts';
import type { ImageConfig } from '../../../images/snapshotter.ts';
import type { ContainerConfig, ContainerResources, ContainerSize } from '../../driver.ts';
import { cpuPeriodMicros, cpuShares } from '../cgroups.ts';
import { capabilitiesFor } from './capabilities.ts';
import { deviceRules } from './devices.ts';
import type { HostLimits } from './host-limits.ts';
import { mountsFor, readOnlyMounts, rootPropagation, type SharedFiles } from './mounts.ts';
import type { OciDevice, OciLinux, OciProcess, OciResources, OciSeccomp, OciSpec, OciUser } from './oci-spec.ts';

/** What a container shares with its sandbox. */
export interface SandboxView {
  hostname: string;
  files: SharedFiles;
  /** Pinned namespaces by their OCI name; those of the host are left out. */
  namespaces: { network?: string; ipc?: string; uts?: string; pid?: string; user?: string };
  /** Absent: those of the host. */
  users?: PodUsers;
  hostPid: boolean;
}

export interface SpecInput {
  config: ContainerConfig;
  image: ImageConfig;
  sandbox: SandboxView;
  rootfs: string;
  user: OciUser;
  host: HostLimits;
  cgroupsPath: string;
  isCgroup2: boolean;
  /** Undefined: unconfined. */
  seccomp: OciSeccomp | undefined;
  /** Undefined: none is asked for. */
  appArmorProfile?: string | undefined;
  /** Of the host, for a privileged container. */
  devices: OciDevice[];
}

/** The config.json of one container. */
export function buildSpec(input: SpecInput): OciSpec {
  const { config, sandbox, rootfs } = input;
  return {
    ociVersion: '1.0.2',
    process: processOf(input),
    root: { path: rootfs, readonly: config.security.readOnlyRootFilesystem },
    mounts: mountsFor(config, sandbox.files),
    linux: linuxOf(input),
  };
}

/** Entrypoint and command of the image, unless the container has its own. */
export function argumentsOf(config: Pick<ContainerConfig, 'command' | 'args'>, image: ImageConfig): string[] {
  const hasCommand = config.command !== undefined && config.command.length > 0;
  const entrypoint = hasCommand ? config.command : image.Entrypoint;
  const rest = config.args !== undefined && config.args.length > 0 ? config.args : hasCommand ? [] : image.Cmd;
  const all = [...(entrypoint ?? []), ...(rest ?? [])];
  if (all.length === 0) throw new ApiError('BadRequest', 'no command specified');
  return all;
}

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The image's variables, the hostname, then the container's own; a later value replaces an earlier one in place. */
export function environmentOf(
  config: Pick<ContainerConfig, 'env' | 'tty'>,
  image: ImageConfig,
  host: string,
): string[] {
  const variables = new Map<string, string>([['PATH', defaultPath]]);
  if (config.tty) variables.set('TERM', 'xterm');
  if (host !== '') variables.set('HOSTNAME', host);
  for (const entry of image.Env ?? []) {
    const [name = '', ...value] = entry.split('=');
    if (name === '') continue; // no program could read it, and the runtime refuses it
    variables.set(name, value.join('='));
  }
  for (const { name, value } of config.env) variables.set(name, value);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

function processOf({ config, image, sandbox, user, host, appArmorProfile }: SpecInput): OciProcess {
  const { security, resources } = config;
  const bounding = capabilitiesFor(security, host.capabilities);
  const held = user.uid === 0 ? bounding : [];
  return {
    terminal: config.tty,
    args: argumentsOf(config, image),
    env: environmentOf(config, image, sandbox.hostname),
    cwd: posix.resolve('/', nonEmpty(config.workingDir) ?? image.WorkingDir ?? ''),
    user,
    capabilities: { bounding, effective: held, permitted: held, inheritable: [], ambient: [] },
    rlimits: [
      {
        type: 'RLIMIT_NOFILE',
        soft: Math.min(host.openFiles, 1 << 16),
        hard: Math.min(host.openFiles, 1 << 20),
      },
    ],
    noNewPrivileges: !security.allowPrivilegeEscalation && !security.privileged,
    ...(appArmorProfile === undefined ? {} : { apparmorProfile: appArmorProfile }),
    oomScoreAdj: Math.min(1000, Math.max(host.minOomScoreAdj, resources.oomScoreAdj)),
  };
}

const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

function linuxOf({ config, sandbox, host, cgroupsPath, isCgroup2, seccomp, devices }: SpecInput): OciLinux {
  const { privileged, isProcUnmasked } = config.security;
  const pinned = Object.entries(sandbox.namespaces).map(([type, path]) => ({ type, path }));
  const hasOwnPids = !sandbox.hostPid && sandbox.namespaces.pid === undefined;
  const own = ['mount', ...(hasOwnPids ? ['pid'] : []), ...(isCgroup2 && !privileged ? ['cgroup'] : [])];
  return {
    namespaces: [...pinned, ...own.map((type) => ({ type }))],
    cgroupsPath,
    resources: { devices: deviceRules(privileged), ...resourcesOf(config.resources, host) },
    rootfsPropagation: rootPropagation(config.mounts),
    maskedPaths: privileged || isProcUnmasked ? [] : maskedPaths,
    readonlyPaths: privileged ? [] : [...(isProcUnmasked ? [] : readonlyPaths), ...readOnlyMounts(config)],
    devices,
    ...(sandbox.users === undefined ? {} : mappingsOf(sandbox.users)),
    ...(seccomp === undefined ? {} : { seccomp }),
  };
}

function mappingsOf({ firstId }: PodUsers): Pick<OciLinux, 'uidMappings' | 'gidMappings'> {
  const mappings = [{ containerID: 0, hostID: firstId, size: idsPerPod }];
  return { uidMappings: mappings, gidMappings: mappings };
}

function resourcesOf({ pidsLimit, ...size }: ContainerResources, host: HostLimits): Omit<OciResources, 'devices'> {
  const hasPids = host.cgroups.controllers.has('pids');
  return { ...limitsOf(size, host), ...(hasPids ? { pids: { limit: pidsLimit } } : {}) };
}

/** Limits of processor and memory, as far as this machine can hold them. */
export function limitsOf(size: ContainerSize, host: HostLimits): Pick<OciResources, 'cpu' | 'memory'> {
  const { memoryLimitBytes: limit, cpuLimitMillis, cpuRequestMillis } = size;
  const shares = cpuShares(cpuRequestMillis);
  const quota = cpuLimitMillis === undefined ? undefined : Math.max(1000, (cpuLimitMillis * cpuPeriodMicros) / 1000);
  const { controllers, hasSwapAccounting } = host.cgroups;
  const cpu = { shares, ...(quota === undefined ? {} : { quota: Math.round(quota), period: cpuPeriodMicros }) };
  const hasMemory = limit !== undefined && controllers.has('memory');
  return {
    ...(controllers.has('cpu') ? { cpu } : {}),
    ...(hasMemory ? { memory: { limit, ...(hasSwapAccounting ? { swap: limit } : {}) } } : {}),
  };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
