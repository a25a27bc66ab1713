import { posix } from 'node:path';
import type { ContainerConfig, Mount } from '../../driver.ts';
import type { OciMount } from './oci-spec.ts';

/** Files and directories of a sandbox that every container of it sees. */
export interface SharedFiles {
  hosts: string;
  hostname: string;
  resolvConf: string;
  shm: string;
}

/** Kernel file systems, the sandbox's files, then the volumes; what the user mounts at a place of ours wins. */
export function mountsFor(config: ContainerConfig, shared: SharedFiles): OciMount[] {
  const volumes = config.mounts.map(toOci);
  const taken = new Set(volumes.map(({ destination }) => destination));
  const own = [...kernelMounts(config.security.privileged), ...sharedMounts(shared)];
  const shallowFirst = volumes.sort((a, b) => depth(a.destination) - depth(b.destination));
  return [...own.filter(({ destination }) => !taken.has(destination)), ...shallowFirst];
}

/**
 * What needs to be made read-only after it is mounted: v1 has a cgroup file system for each controller, and the options
 * of the mount do not reach the directory that they stand in. What the user mounts there is the user's.
 */
export function readOnlyMounts(config: ContainerConfig): string[] {
  const isTaken = config.mounts.some(({ containerPath }) => posix.resolve('/', containerPath) === cgroupPlace);
  return isTaken ? [] : [cgroupPlace];
}

/** How mounts below the root must be connected with the host for these volumes. */
export function rootPropagation(mounts: readonly Mount[]): string {
  if (mounts.some(({ propagation }) => propagation === 'bidirectional')) return 'rshared';
  return mounts.some(({ propagation }) => propagation === 'hostToContainer') ? 'rslave' : 'rprivate';
}

const cgroupPlace = '/sys/fs/cgroup';
const safe = ['nosuid', 'noexec', 'nodev'];

function kernelMounts(isPrivileged: boolean): OciMount[] {
  const access = isPrivileged ? 'rw' : 'ro';
  const pts = ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'];
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: safe },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: pts },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: safe },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...safe, access] },
    { destination: cgroupPlace, type: 'cgroup', source: 'cgroup', options: [...safe, 'relatime', access] },
  ];
}

function sharedMounts({ hosts, hostname, resolvConf, shm }: SharedFiles): OciMount[] {
  return [
    { destination: '/dev/shm', type: 'bind', source: shm, options: ['rbind', 'rprivate', 'rw', ...safe] },
    { destination: '/etc/hosts', type: 'bind', source: hosts, options: ['rbind', 'rprivate', 'rw'] },
    { destination: '/etc/hostname', type: 'bind', source: hostname, options: ['rbind', 'rprivate', 'rw'] },
    { destination: '/etc/resolv.conf', type: 'bind', source: resolvConf, options: ['rbind', 'rprivate', 'rw'] },
  ];
}

const propagationOption = { private: 'rprivate', hostToContainer: 'rslave', bidirectional: 'rshared' } as const;

function toOci({ containerPath, hostPath, readOnly, propagation }: Mount): OciMount {
  return {
    destination: posix.resolve('/', containerPath),
    type: 'bind',
    source: hostPath,
    options: ['rbind', propagationOption[propagation], readOnly === 'recursive' ? 'rro' : readOnly ? 'ro' : 'rw'],
  };
}

function depth(path: string): number {
  return path.split('/').length;
}
