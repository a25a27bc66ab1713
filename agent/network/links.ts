import { readFile } from 'node:fs/promises';
import { ApiError } from '../../shared/errors.ts';
import { libc } from '../host/libc.ts';
import { run } from '../host/run.ts';
import { type Cable, layCableNatively, removeLinkNatively } from './native-links.ts';

export interface Traffic {
  receivedBytes: number;
  sentBytes: number;
}

/** Makes the bridge with the gateway's address, unless it is there. */
export async function makeBridge(bridge: string, gateway: string, prefixLength: number): Promise<void> {
  const { code, stdout } = await run('ip', ['-o', '-4', 'addr', 'show', 'dev', bridge], { timeoutMs: 15_000 });
  if (code !== 0) await batch([`link add ${bridge} type bridge`]);
  const address = `${gateway}/${String(prefixLength)}`;
  // Left alone it takes over the lowest one of its cables and changes with them, and pods lose their gateway for a while.
  const hardware = (await readFile(`/sys/class/net/${bridge}/address`, 'utf8')).trim();
  const lines = [`link set ${bridge} address ${hardware} up`];
  if (!stdout.includes(` ${address} `)) lines.unshift(`addr flush dev ${bridge}`, `addr add ${address} dev ${bridge}`);
  await batch(lines);
}

/** Lays the cable; an outer end of that name must not be there. */
export async function layCable(cable: Cable): Promise<void> {
  const native = libc();
  if (native !== undefined) {
    await layCableNatively(native, cable);
    return;
  }
  const { outside, bridge, netnsPath, ip, prefixLength, gateway } = cable;
  await batch([
    `link add ${outside} type veth peer name eth0 netns ${netnsPath}`,
    `link set ${outside} master ${bridge} up`,
    `link set ${outside} type bridge_slave hairpin on`,
  ]);
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
