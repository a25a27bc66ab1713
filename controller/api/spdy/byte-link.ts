/** What carries one SPDY connection: a socket, or a WebSocket whose messages are pieces of it. */
export interface ByteLink {
  /** Pieces as they come, read no faster than they are taken. Ends when the other side is gone; one reader only. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
  /** Resolves when there is room again; bytes for a link that is closed are dropped. */
  write(bytes: Uint8Array): Promise<void>;
  /** Sends what was written, then ends the link, within seconds even if the other side does not answer. */
  close(): void;
  /** Ends the link at once. */
  destroy(): void;
}
