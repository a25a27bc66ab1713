import type { Clock } from '../../shared/clock.ts';
import type { DiskReserve } from '../../shared/disk-reserve.ts';
import type { Logger } from '../../shared/log.ts';
import type { ApiEndpoint } from '../../shared/objects/api-endpoint.ts';
import type { Amounts } from '../../shared/objects/pod-requests.ts';
import type { ControllerLink } from '../controller-link.ts';
import type { AgentPaths } from '../paths.ts';
import type { Prober } from '../probes/prober.ts';
import type { PodIdentity, RuntimeDriver } from '../runtime/driver.ts';
import type { ConfigSource, Volumes } from '../volumes/volumes.ts';
import type { Gate } from './gate.ts';
import type { PodRecords } from './pod-record.ts';
import type { Dns } from './sandbox-config.ts';
import type { MeasureTree } from './storage-monitor.ts';

/** What pods are told of their node. */
export interface NodeFacts {
  name: string;
  hostname: string;
  hostIP: string;
  memoryBytes: number;
  /** In millicores and bytes: stands in for limits that a container does not set. */
  allocatable: Readonly<Record<string, number>>;
}

/** The log files of pods, as far as pods depend on them. */
export interface PodLogFiles {
  /** The last lines of a container's log file, at most `bytes` of them. '' when there is none. */
  tail(path: string, lines: number, bytes: number): Promise<string>;
  /** Waits, for a bounded time, until what the pod has written is with the controller. */
  drain(pod: PodIdentity, signal: AbortSignal): Promise<void>;
  /** The pod is gone: its files may go once they are shipped. A second call does nothing. */
  release(pod: PodIdentity): void;
}

export interface PodManagerDeps {
  driver: RuntimeDriver;
  volumes: Volumes;
  prober: Prober;
  link: ControllerLink;
  logs: PodLogFiles;
  node: NodeFacts;
  paths: AgentPaths;
  clock: Clock;
  log: Logger;
  /** Where the API is, seen from this node; undefined when it is out of reach. */
  api: () => ApiEndpoint | undefined;
  /** Names of sysctls, or their beginnings with `*`, that pods may set although others may feel it. */
  allowedUnsafeSysctls?: readonly string[];
  /** The host's own resolver settings, read anew for each sandbox. */
  hostDns: () => Promise<Dns>;
  measureTree: MeasureTree;
  /** What is held back of the disk, for containers that start while it is full. */
  reserve: Pick<DiskReserve, 'lend'>;
}

/** What the workers of all pods share. */
export interface PodDeps extends PodManagerDeps {
  records: PodRecords;
  config: ConfigSource;
  /** Bounds sandboxes and containers that are being made at once. */
  gate: Gate;
  /** What the other pods of this node hold. */
  requestedByOthers: (uid: string) => Amounts;
}
