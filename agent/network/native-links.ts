import { closeSync, openSync } from 'node:fs';
import { errnoCode, type Libc } from '../host/libc.ts';
import { insideNetwork } from '../host/namespaces.ts';
import { addressBytes, encodeAttributes, interfaceIndexOf, linkBody, Netlink, netlink } from '../host/netlink.ts';
import { quietLink } from '../host/quiet-network.ts';

/** One sandbox's cable: `outside` is plugged into the bridge, the other end is eth0 in the namespace. */
export interface Cable {
  outside: string;
  bridge: string;
  netnsPath: string;
  ip: string;
  /** Of eth0. */
  hardware: string;
  prefixLength: number;
  gateway: string;
}

/** Attribute numbers of linux/if_link.h, if_addr.h and rtnetlink.h. */
const link = { address: 1, name: 3, master: 10, info: 18, netnsFd: 28 };
const linkInfo = { kind: 1, data: 2, slaveKind: 4, slaveData: 5 };
const vethPeer = 1;
const bridgePortHairpin = 4;
const address = { address: 1, local: 2 };
const route = { output: 4, gateway: 5 };
const inet = 2;

/** Lays a cable by netlink: a millisecond where programs take forty. Throws EEXIST when the outer end is there. */
export async function layCableNatively(native: Libc, cable: Cable): Promise<void> {
  const outside = new Netlink(native);
  const netns = openSync(cable.netnsPath, 'r');
  try {
    await outside.request(netlink.newLink, netlink.create | netlink.exclusive, linkBody({ isUp: true }), [
      [link.name, cable.outside],
      [link.master, interfaceIndexOf(native, cable.bridge)],
      [
        link.info,
        [
          [linkInfo.kind, 'veth'],
          [linkInfo.data, [[vethPeer, peer(netns, cable.hardware)]]],
        ],
      ],
    ]);
    await outside.request(netlink.newLink, 0, linkBody(), [
      [link.name, cable.outside],
      [
        link.info,
        [
          [linkInfo.slaveKind, 'bridge'],
          [linkInfo.slaveData, [[bridgePortHairpin, Uint8Array.of(1)]]],
        ],
      ],
    ]);
  } finally {
    closeSync(netns);
    outside.close();
  }
  await quietLink(cable.outside); // before the other end is up: until then nothing comes in
  await setUpInside(native, cable);
}

/** Succeeds when it is gone. */
export async function removeLinkNatively(native: Libc, name: string): Promise<void> {
  const connection = new Netlink(native);
  try {
    await connection.request(netlink.deleteLink, 0, linkBody(), [[link.name, name]]);
  } catch (error) {
    if (errnoCode(error) !== 'ENODEV') throw error;
  } finally {
    connection.close();
  }
}

/** The peer's own message: its header, then its attributes. It cannot be made up: it is not yet connected then. */
function peer(netns: number, hardware: string): Uint8Array {
  return Buffer.concat([
    linkBody(),
    encodeAttributes([
      [link.name, 'eth0'],
      [link.address, Buffer.from(hardware.replaceAll(':', ''), 'hex')],
      [link.netnsFd, netns],
    ]),
  ]);
}

async function setUpInside(native: Libc, { netnsPath, ip, prefixLength, gateway }: Cable): Promise<void> {
  const { connection, index } = insideNetwork(native, netnsPath, () => ({
    index: interfaceIndexOf(native, 'eth0'),
    connection: new Netlink(native),
  }));
  try {
    await connection.request(netlink.newLink, 0, linkBody({ isUp: true, index }), []);
    await connection.request(netlink.newAddress, netlink.create | netlink.exclusive, addressBody(prefixLength, index), [
      [address.local, addressBytes(ip)],
      [address.address, addressBytes(ip)],
    ]);
    await connection.request(netlink.newRoute, netlink.create | netlink.exclusive, defaultRouteBody(), [
      [route.gateway, addressBytes(gateway)],
      [route.output, index],
    ]);
  } finally {
    connection.close();
  }
}

/** struct ifaddrmsg. */
function addressBody(prefixLength: number, index: number): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt8(inet, 0);
  body.writeUInt8(prefixLength, 1);
  body.writeUInt32LE(index, 4);
  return body;
}

/** struct rtmsg of a default route in the main table, set at boot time's protocol, for the whole world, unicast. */
function defaultRouteBody(): Buffer {
  return Buffer.from([inet, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0]);
}
