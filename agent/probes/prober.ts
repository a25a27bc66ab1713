import type { Container, Pod, Probe, Stored } from '../../shared/objects/types.ts';
import type { ContainerId } from '../runtime/driver.ts';

/** What is probed: one running container. */
export interface ProbeTarget {
  id: ContainerId;
  pod: Stored<Pod>;
  container: Container;
  /** Address of the pod; the host's own with host network. */
  ip: string;
}

/** How a check is made: the handler part of a probe or of a lifecycle hook. */
export type ProbeAction = Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'>;

export interface ProbeResult {
  /** A warning counts as success and is worth an event. */
  outcome: 'success' | 'warning' | 'failure';
  /** What it answered, at most 1 KiB. */
  output: string;
}

/** Makes one check. Stateless: thresholds and periods are the caller's. */
export interface Prober {
  /** Never throws except when the signal aborts: what goes wrong is a failure with its text. */
  check(action: ProbeAction, target: ProbeTarget, timeoutMs: number, signal: AbortSignal): Promise<ProbeResult>;
}
