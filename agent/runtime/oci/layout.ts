import { join } from 'node:path';
import type { AgentPaths } from '../../paths.ts';
import type { ContainerId, SandboxId } from '../driver.ts';

/** Where the driver keeps what it made. Records survive a reboot, the rest is below the run directory and does not. */
export interface Layout {
  sandboxRecords: string;
  containerRecords: string;
  /** Where records are while the disk is full. */
  sandboxRecordsInMemory: string;
  containerRecordsInMemory: string;
  /** One directory for each sandbox: namespace pins, its files, its shared memory. */
  sandboxes: string;
  /** One directory for each container: config.json, monitor files. Names are short: socket paths end at 107 bytes. */
  bundles: string;
  /** One directory for each container with users of its own: its root and its volumes as these users see them. */
  mapped: string;
  /** One file for each container that ended, named by its id. */
  exits: string;
  /** Where the administrator puts seccomp profiles for pods to name. */
  seccompProfiles: string;
  /** State directory of each runtime, by name. */
  runtimeRoots: string;
}

export function layoutOf(paths: AgentPaths): Layout {
  return {
    sandboxRecords: join(paths.data, 'runtime', 'sandboxes'),
    containerRecords: join(paths.data, 'runtime', 'containers'),
    sandboxRecordsInMemory: join(paths.run, 'records', 'sandboxes'),
    containerRecordsInMemory: join(paths.run, 'records', 'containers'),
    sandboxes: join(paths.run, 's'),
    bundles: join(paths.run, 'c'),
    mapped: join(paths.run, 'm'),
    exits: join(paths.run, 'exits'),
    seccompProfiles: join(paths.data, 'seccomp'),
    runtimeRoots: join(paths.run, 'runtimes'),
  };
}

/** Files of one container's monitor. */
export function bundleFiles(layout: Layout, id: ContainerId) {
  const bundle = join(layout.bundles, id);
  return {
    bundle,
    config: join(bundle, 'config.json'),
    pidFile: join(bundle, 'pidfile'),
    monitorPidFile: join(bundle, 'conmon.pid'),
    /** Held open for writing by the monitor alone: its end is the monitor's end. */
    alive: join(bundle, 'alive'),
    control: join(bundle, 'ctl'),
    attach: join(bundle, 'attach'),
    oom: join(bundle, 'oom'),
    exit: join(layout.exits, id),
  };
}

/** Files of one sandbox. */
export function sandboxFiles(layout: Layout, id: SandboxId) {
  const directory = join(layout.sandboxes, id);
  return {
    directory,
    net: join(directory, 'net'),
    ipc: join(directory, 'ipc'),
    uts: join(directory, 'uts'),
    user: join(directory, 'user'),
    hosts: join(directory, 'hosts'),
    hostname: join(directory, 'hostname'),
    resolvConf: join(directory, 'resolv.conf'),
    shm: join(directory, 'shm'),
  };
}
