/** When nodes were last heard. Supplied by whoever receives heartbeats; they never touch the store. */
export interface NodeLiveness {
  /** `clock.monotonic()` of the node's last heartbeat, or undefined when it was not heard since this process started. */
  lastSeen(node: string): number | undefined;
  /**
   * Registers the one listener. It is called with a node's name when the node is heard, at the latest at its first
   * heartbeat and at the first one after a silence; calling it at every heartbeat is fine.
   */
  onChange(listener: (node: string) => void): void;
}
