import { closeSync } from 'node:fs';
import { connect as connectTcp, Socket } from 'node:net';
import type { Clock } from '../../../shared/clock.ts';
import { ApiError, messageOf } from '../../../shared/errors.ts';
import { errnoCode, type Libc, libc } from '../../host/libc.ts';
import { insideNetwork } from '../../host/namespaces.ts';

const inetFamily = 2;
const inet6Family = 10;
const streams = 1;
const closeOnExec = 0x8_0000;
const nonBlocking = 0x800;
const retryMs = 5;
const deadlineMs = 10_000;

interface Target {
  /** Pin of the pod's network; undefined: the host's own. */
  network: string | undefined;
  /** The pod's address, '' when it has none of its own. */
  ip: string;
  port: number;
}

/**
 * A connection to a port as the pod's own programs reach it: over its loopback, where also those listen that nobody
 * outside can reach. Throws ServiceUnavailable when nobody listens.
 */
export async function connectToPod({ network, ip, port }: Target, clock: Clock, signal: AbortSignal): Promise<Socket> {
  const native = libc();
  if (network === undefined || native === undefined)
    return dial(network === undefined ? '127.0.0.1' : ip, port, signal);
  try {
    return await connectInside(native, network, loopback(port), clock, signal);
  } catch (error) {
    if (errnoCode(error) !== 'ECONNREFUSED') throw unreachable(port, error);
  }
  try {
    return await connectInside(native, network, loopback6(port), clock, signal);
  } catch {
    // Perhaps somebody listens on the pod's address only.
    return dial(ip, port, signal);
  }
}

/** The socket belongs for ever to the network it was made in. */
async function connectInside(
  native: Libc,
  network: string,
  address: Uint8Array,
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  const family = Buffer.from(address).readUInt16LE(0);
  const fd = insideNetwork(native, network, () => native.socket(family, streams | closeOnExec | nonBlocking, 0));
  try {
    const deadline = clock.monotonic() + deadlineMs;
    while (!isConnected(native, fd, address)) {
      if (clock.monotonic() > deadline) throw new ApiError('Timeout', 'no answer within 10 s');
      await clock.sleep(retryMs, signal);
    }
    return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Asks again until it is known; over a loopback that is nearly always at once. Throws when it failed. */
function isConnected(native: Libc, fd: number, address: Uint8Array): boolean {
  try {
    native.connect(fd, address);
    return true;
  } catch (error) {
    const code = errnoCode(error);
    if (code === 'EISCONN') return true;
    if (code === 'EINPROGRESS' || code === 'EALREADY') return false;
    throw error;
  }
}

function dial(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, allowHalfOpen: true });
    const stop = (): void => void socket.destroy(new ApiError('ServiceUnavailable', 'the caller has gone'));
    socket.setTimeout(deadlineMs, () => socket.destroy(new Error('no answer within 10 s')));
    const failed = (error: unknown): void => reject(unreachable(port, error));
    signal.addEventListener('abort', stop, { once: true });
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.setTimeout(0);
      socket.off('error', failed);
      resolve(socket);
    });
    socket.once('close', () => signal.removeEventListener('abort', stop));
    if (signal.aborted) stop();
  });
}

function unreachable(port: number, error: unknown): ApiError {
  const refused = errnoCode(error) === 'ECONNREFUSED' ? 'connection refused' : messageOf(error);
  return new ApiError('ServiceUnavailable', `port ${String(port)} in the pod: ${refused}`, {}, { cause: error });
}

/** struct sockaddr_in of 127.0.0.1. */
function loopback(port: number): Uint8Array {
  const address = Buffer.alloc(16);
  address.writeUInt16LE(inetFamily, 0);
  address.writeUInt16BE(port, 2);
  address.set([127, 0, 0, 1], 4);
  return address;
}

/** struct sockaddr_in6 of ::1. */
function loopback6(port: number): Uint8Array {
  const address = Buffer.alloc(28);
  address.writeUInt16LE(inet6Family, 0);
  address.writeUInt16BE(port, 2);
  address[23] = 1;
  return address;
}
