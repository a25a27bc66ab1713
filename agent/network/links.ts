import { readFile } from 'node:fs/promises';
import { ApiError } from '../../shared/errors.ts';
import { libc } from '../host/libc.ts';
import { quietLink } from '../host/quiet-network.ts';
import { run } from '../host/run.ts';
import { type Cable, layCableNatively, removeLinkNatively } from './native-links.ts';
import { hardwareOf } from './port-guard.ts';

export interface Traffic {
  receivedBytes: number;
  sentBytes: number;
}

/**
 * Frames to bridges themselves (01:80:c2:00:00:03 to 0f) go the way of all others: by default they come in at the outer
 * end of the cable, past every rule, and the bridge learns their sender as it says.
 */
const groupAddresses = 0xff_f8;

/** Makes the bridge with the gateway's address, unless it is there. */
export async function makeBridge(bridge: string, gateway: string, prefixLength: number): Promise<void> {
  const there = await showLink(bridge);
  if (there === undefined) await batch([`link add ${bridge} type bridge`]);
  await quietLink(bridge);
  // Left alone it takes over the lowest one of its cables and changes with them, and pods lose their gateway for a while.
  const lines = [
    `link set ${bridge} type bridge group_fwd_mask ${String(groupAddresses)}`,
    `link set ${bridge} address ${there?.address ?? hardwareOf(gateway)} up`,
  ];
  const addresses = (there?.addr_info ?? []).filter(({ family }) => family === 'inet');
  if (!addresses.some(({ local, prefixlen }) => local === gateway && prefixlen === prefixLength)) {
    lines.unshift(`addr flush dev ${bridge}`, `addr add ${gateway}/${String(prefixLength)} dev ${bridge}`);
  }
  await batch(lines);
}

/** An interface as `ip` shows it, not as /sys does: that one may belong to another network namespace. */
interface Shown {
  address: string;
  addr_info: { family: string; local: string; prefixlen: number }[];
}

async function showLink(name: string): Promise<Shown | undefined> {
  const { code, stdout } = await run('ip', ['-j', 'addr', 'show', 'dev', name], { timeoutMs: 15_000 });
  return code === 0 ? (JSON.parse(stdout) as Shown[])[0] : undefined;
}

/** Lays the cable; an outer end of that name must not be there. */
export async function layCable(cable: Cable): Promise<void> {
  const native = libc();
  if (native !== undefined) {
    await layCableNatively(native, cable);
    return;
  }
  const { outside, bridge, netnsPath, ip, hardware, prefixLength, gateway } = cable;
  await batch([
    `link add ${outside} type veth peer name eth0 address ${hardware} netns ${netnsPath}`,
    `link set ${outside} master ${bridge} up`,
    `link set ${outside} type bridge_slave hairpin on`,
  ]);
  await quietLink(outside);
  const inside = [
    `addr add ${ip}/${String(prefixLength)} dev eth0`,
    'link set eth0 up',
    `route add default via ${gateway} dev eth0`,
  ];
  await batch(inside, netnsPath);
}

/** Succeeds when it is gone. */
export async function removeCable(outside: string): Promise<void> {
  const native = libc();
  if (native !== undefined) {
    await removeLinkNatively(native, outside);
    return;
  }
  const { code, stderr } = await run('ip', ['link', 'delete', outside], { timeoutMs: 15_000 });
  if (code !== 0 && !stderr.includes('Cannot find device')) throw new ApiError('InternalError', stderr.trim());
}

/** Counters of every interface of this network namespace, by name, as the interface itself counts. */
export async function readTraffic(): Promise<Map<string, Traffic>> {
  const lines = (await readFile('/proc/self/net/dev', 'utf8')).split('\n').slice(2);
  return new Map(
    lines.flatMap((line) => {
      const [name = '', ...fields] = line.trim().split(/[:\s]+/);
      return name === '' ? [] : [[name, { receivedBytes: Number(fields[0]), sentBytes: Number(fields[8]) }]];
    }),
  );
}

async function batch(lines: string[], netnsPath?: string): Promise<void> {
  const ip = ['ip', '-batch', '-'];
  const command = netnsPath === undefined ? 'env' : 'nsenter';
  const args = netnsPath === undefined ? ip : [`--net=${netnsPath}`, ...ip];
  const { code, stderr } = await run(command, args, { input: `${lines.join('\n')}\n`, timeoutMs: 15_000 });
  if (code !== 0) throw new ApiError('InternalError', `network: ${stderr.trim()}`);
}
