import { closeSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import type { Libc } from './libc.ts';

/** An attribute of a request: a number is 4 bytes, a string ends with a zero byte, a list is nested. */
export type Attribute = [type: number, value: number | string | Uint8Array | Attribute[]];

/** Requests and their flags, as linux/rtnetlink.h and linux/netlink.h number them. */
export const netlink = {
  newLink: 16,
  deleteLink: 17,
  newAddress: 20,
  newRoute: 24,
  create: 0x400,
  exclusive: 0x200,
} as const;

const netlinkFamily = 16;
const rawSocket = 3 | 0x8_0000; // closed on exec
const requestWithAnswer = 1 | 4;
const errorType = 2;
const headerBytes = 16;
const interfaceIndex = 0x8933;

/** A connection to the routing tables of the network namespace that this thread is in when it is opened. */
export class Netlink {
  readonly #native: Libc;
  readonly #fd: number;
  #serial = 0;

  constructor(native: Libc) {
    this.#native = native;
    this.#fd = native.socket(netlinkFamily, rawSocket, 0);
  }

  /** Sends one request and waits until the kernel has carried it out; throws with `code` as EEXIST when it refuses. */
  async request(type: number, flags: number, body: Uint8Array, attributes: Attribute[]): Promise<void> {
    const payload = Buffer.concat([body, encodeAttributes(attributes)]);
    const header = Buffer.alloc(headerBytes);
    this.#serial += 1;
    header.writeUInt32LE(headerBytes + payload.length, 0);
    header.writeUInt16LE(type, 4);
    header.writeUInt16LE(flags | requestWithAnswer, 6);
    header.writeUInt32LE(this.#serial, 8);
    await this.#native.send(this.#fd, Buffer.concat([header, payload]));
    const answer = Buffer.alloc(4096);
    this.#native.recv(this.#fd, answer); // there already: the kernel answers within the send
    const error = answer.readUInt16LE(4) === errorType ? answer.readInt32LE(headerBytes) : 0;
    if (error === 0) return;
    const [code, message] = getSystemErrorMap().get(error) ?? [`E${String(-error)}`, 'unknown error'];
    throw Object.assign(new Error(`netlink request ${String(type)}: ${message} (${code})`), { code });
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/** Number of an interface in this thread's network namespace; throws ENODEV. */
export function interfaceIndexOf(native: Libc, name: string): number {
  const fd = native.socket(2, 2 | 0x8_0000, 0);
  try {
    const request = Buffer.alloc(40);
    request.write(name);
    native.ioctl(fd, interfaceIndex, request);
    return request.readInt32LE(16);
  } finally {
    closeSync(fd);
  }
}

/** struct ifinfomsg; `isUp` sets the interface up. */
export function linkBody({ isUp = false, index = 0 } = {}): Buffer {
  const body = Buffer.alloc(16);
  body.writeInt32LE(index, 4);
  if (isUp) {
    body.writeUInt32LE(1, 8);
    body.writeUInt32LE(1, 12);
  }
  return body;
}

/** An IPv4 address as its 4 bytes. */
export function addressBytes(address: string): Uint8Array {
  return Uint8Array.from(address.split('.').map(Number));
}

/** Attributes as bytes, for the payload of another. */
export function encodeAttributes(attributes: Attribute[]): Buffer {
  return Buffer.concat(attributes.map(([type, value]) => encodeAttribute(type, value)));
}

function encodeAttribute(type: number, value: Attribute[1]): Buffer {
  const bytes = encodeValue(value);
  const length = 4 + bytes.length;
  const encoded = Buffer.alloc(Math.ceil(length / 4) * 4);
  encoded.writeUInt16LE(length, 0);
  encoded.writeUInt16LE(type, 2);
  encoded.set(bytes, 4);
  return encoded;
}

function encodeValue(value: Attribute[1]): Uint8Array {
  if (typeof value === 'string') return Buffer.from(`${value}\0`);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    return bytes;
  }
  return Array.isArray(value) ? encodeAttributes(value) : value;
}
