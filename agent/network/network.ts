import type { ApiEndpoint } from '../../shared/objects/api-endpoint.ts';
import type { PortMapping, SandboxId } from '../runtime/driver.ts';

export interface Attachment {
  ip: string;
  gateway: string;
}

/** The pod network of one node: a bridge, an address pool, host ports and masquerade. State lives under the run directory and in the kernel. */
export interface NodeNetwork {
  /**
   * Makes or mends bridge and rules, and gives back the addresses of sandboxes that are not in `live`, which holds the
   * path of each one's network namespace.
   */
  open(live: ReadonlyMap<SandboxId, string>): Promise<void>;
  /** Connects a pinned network namespace. Throws ServiceUnavailable when no address is free, Conflict for a taken host port. */
  attach(id: SandboxId, netnsPath: string, ports: readonly PortMapping[]): Promise<Attachment>;
  /** Succeeds when it is gone. */
  detach(id: SandboxId): Promise<void>;
  /** Bytes received and sent by the sandbox; undefined when it is not attached. */
  usage(id: SandboxId): Promise<{ receivedBytes: number; sentBytes: number } | undefined>;
  /** Leads pods to where the API listens; undefined: nowhere. Does nothing when that is how it is. */
  leadToApi(api: ApiEndpoint | undefined): Promise<void>;
  /** Puts back rules that another program removed. */
  repair(): Promise<void>;
  /** Removes bridge, rules and addresses. */
  destroy(): Promise<void>;
}
