import { closeSync } from 'node:fs';
import type { Clock } from '../../../shared/clock.ts';
import { ApiError, messageOf } from '../../../shared/errors.ts';
import { errnoCode, type Libc } from '../../host/libc.ts';

const unixFamily = 1;
const packets = 5;
const closeOnExec = 0x8_0000;
const nonBlocking = 0x800;
const readSide = 0;
const writeSide = 1;
/** What the monitor takes at once. */
const packetBytes = 8 << 10;
const retryMs = 5;

/**
 * The input of a container, by its monitor's socket of packets, which Node itself cannot open. The socket is never
 * read, and says so to the monitor: a client that leaves output unread would stop the container.
 */
export class AttachSocket {
  readonly #native: Libc;
  readonly #clock: Clock;
  #fd: number | undefined;

  /** Throws ServiceUnavailable when the monitor does not listen. */
  constructor(native: Libc, path: string, clock: Clock) {
    this.#native = native;
    this.#clock = clock;
    const fd = native.socket(unixFamily, packets | closeOnExec | nonBlocking, 0);
    try {
      native.connect(fd, unixAddress(path));
      native.shutdown(fd, readSide);
    } catch (error) {
      closeSync(fd);
      throw new ApiError('ServiceUnavailable', `attach: ${messageOf(error)}`, {}, { cause: error });
    }
    this.#fd = fd;
  }

  /** Waits while the container takes no more. Throws when it is gone, or the signal aborts. */
  async write(bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (this.#fd === undefined) throw new ApiError('Conflict', 'the input has ended');
      const packet = bytes.subarray(at, at + packetBytes);
      try {
        this.#native.sendNow(this.#fd, packet);
        at += packet.length;
      } catch (error) {
        if (errnoCode(error) !== 'EAGAIN') throw error;
        await this.#clock.sleep(retryMs, signal);
      }
    }
  }

  /** No more input comes from here. */
  end(): void {
    if (this.#fd === undefined) return;
    try {
      this.#native.shutdown(this.#fd, writeSide);
    } catch {
      // The container has ended.
    }
  }

  /** A second close does nothing. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

/** struct sockaddr_un. */
function unixAddress(path: string): Uint8Array {
  const address = Buffer.alloc(2 + Buffer.byteLength(path) + 1);
  address.writeUInt16LE(unixFamily, 0);
  address.write(path, 2);
  return address;
}
