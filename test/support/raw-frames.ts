import assert from 'node:assert/strict';
import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { libc } from '../../agent/host/libc.ts';
import { insideNetwork } from '../../agent/host/namespaces.ts';
import { interfaceIndexOf } from '../../agent/host/netlink.ts';

const self = koffi.load(null);
const bind = self.func('int bind(int, const void*, unsigned int)');
const setOption = self.func('int setsockopt(int, int, int, const void*, unsigned int)');
const [packetFamily, rawSocket, everyProtocol] = [17, 3, 0x0300];

/** An interface as a program with NET_RAW has it: sends any frame, and hears all of them. */
export class RawPort {
  readonly #fd: number;

  /** In the namespace of a pin, or in this process's own. */
  constructor(name: string, pin = '/proc/self/ns/net') {
    const native = libc();
    assert.ok(native !== undefined);
    this.#fd = insideNetwork(native, pin, () => {
      const fd = native.socket(packetFamily, rawSocket, everyProtocol);
      const address = Buffer.alloc(20); // struct sockaddr_ll
      address.writeUInt16LE(packetFamily, 0);
      address.writeUInt16LE(everyProtocol, 2);
      address.writeInt32LE(interfaceIndexOf(native, name), 4);
      assert.equal(bind(fd, address, address.length), 0);
      const fiveSeconds = Buffer.alloc(16);
      fiveSeconds.writeUInt8(5, 0);
      assert.equal(setOption(fd, 1, 20, fiveSeconds, 16), 0); // SO_RCVTIMEO
      return fd;
    });
  }

  send(frame: Uint8Array): void {
    libc()?.sendNow(this.#fd, frame);
  }

  /** All that came in until a frame with this text; throws EAGAIN when none comes. */
  readUntil(text: string): string {
    let all = '';
    for (const bytes = Buffer.alloc(2048); !all.includes(text);) {
      all += bytes.toString('latin1', 0, libc()?.recv(this.#fd, bytes));
    }
    return all;
  }

  close(): void {
    closeSync(this.#fd);
  }
}

export function frame(to: string, from: string, type: number, ...payload: Uint8Array[]): Buffer {
  return Buffer.concat([hardware(to), hardware(from), number16(type), ...payload]);
}

/** What an ARP reply says of its sender: who asks learns it, and many who did not ask. */
export function arpReply(senderHardware: string, senderIp: string, targetIp: string): Buffer {
  const kind = Buffer.from([0, 1, 8, 0, 6, 4, 0, 2]);
  return Buffer.concat([kind, hardware(senderHardware), ip4(senderIp), Buffer.alloc(6, 0xff), ip4(targetIp)]);
}

export function udp4(from: string, to: string, fromPort: number, toPort: number, text: string): Buffer {
  const data = Buffer.concat([
    number16(fromPort),
    number16(toPort),
    number16(8 + text.length),
    number16(0),
    Buffer.from(text),
  ]);
  const header = Buffer.from([0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0, ...ip4(from), ...ip4(to)]);
  header.writeUInt16BE(20 + data.length, 2);
  header.writeUInt16BE(checksum(header), 10);
  return Buffer.concat([header, data]);
}

/** A router advertisement of a default route and of a prefix to take an address from, with a text in an unknown option. */
export function routerAdvertisement(text: string): Buffer {
  const [source, target] = [
    Buffer.from('fe8000000000000000000000000000aa', 'hex'),
    Buffer.from('ff020000000000000000000000000001', 'hex'),
  ];
  const prefix = '030440c000015180000038400000000020010db8006600000000000000000000';
  const option = Buffer.alloc(Math.ceil((text.length + 2) / 8) * 8);
  option.set([253, option.length / 8, ...Buffer.from(text)]);
  const message = Buffer.concat([Buffer.from(`86000000400007080000000000000000${prefix}`, 'hex'), option]);
  const sum = checksum(Buffer.concat([source, target, Buffer.from([0, 0, 0, message.length, 0, 0, 0, 58]), message]));
  message.writeUInt16BE(sum, 2);
  return Buffer.concat([Buffer.from([0x60, 0, 0, 0, 0, message.length, 58, 255]), source, target, message]);
}

function checksum(bytes: Buffer): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += bytes.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function hardware(address: string): Buffer {
  return Buffer.from(address.replaceAll(':', ''), 'hex');
}

function ip4(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function number16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
