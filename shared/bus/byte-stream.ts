/** Channels of a session, numbered as Kubernetes' `v5.channel.k8s.io` does. Logs use `stdout` alone. */
export const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 } as const;
export type Channel = (typeof channel)[keyof typeof channel];

export interface Chunk {
  channel: Channel;
  bytes: Uint8Array;
}

/**
 * One session of bytes between a controller and an agent, both ways, over the bus: 32 KiB chunks, numbered per
 * direction, with credits the receiver grants (512 KiB window), so that a stalled reader stops its writer and nobody
 * else. A gap, 45 s without a sign of life or a lost
 * connection fails it: sessions do not resume.
 */
export interface ByteStream {
  /** Resolves when the other side's window has room again. Throws ServiceUnavailable when the session is over. */
  write(channel: Channel, bytes: Uint8Array): Promise<void>;
  /** No more bytes on this channel (stdin half-close). */
  end(channel: Channel): Promise<void>;
  /** Chunks in order. An empty `bytes` marks the end of its channel. Ends when the other side closed; throws when it failed. */
  [Symbol.asyncIterator](): AsyncIterator<Chunk>;
  /** Resolves when the session is over, whoever ended it and however, even while received chunks still wait to be read. */
  readonly over: Promise<void>;
  /** Ends the session at both sides, after what was written has been sent. A second close does nothing. */
  close(error?: string): Promise<void>;
}
