import { ApiError, messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { addressBytes } from '../host/netlink.ts';
import { run } from '../host/run.ts';

/** The bridge's side of one sandbox's cable, and the only sender that may be heard there. */
export interface GuardedPort {
  link: string;
  hardware: string;
  ip: string;
}

/** The hardware address of a sandbox: known before its cable is, and the same for the next owner of the address. */
export function hardwareOf(ip: string): string {
  return ['0a', '58', ...[...addressBytes(ip)].map((byte) => byte.toString(16).padStart(2, '0'))].join(':');
}

/**
 * Keeps sandboxes from speaking as anybody else, by an nft table of family `bridge`: of what comes in at a port, IPv4
 * and ARP pass with the port's own addresses, untagged; all else ends there (IPv6 and its router advertisements, VLAN
 * tags, bridge protocols, answers of a DHCP server). Frames to the first group addresses of bridges, 01:80:c2:00:00:00
 * to 02, come by `input`; the others pass `prerouting`, as the bridge is set.
 */
export class PortGuard {
  readonly #table: string;
  readonly #log: Logger;
  #problem: string | undefined;

  constructor(table: string, log: Logger) {
    this.#table = table;
    this.#log = log;
  }

  /** Why sandboxes are not guarded; undefined when they are. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Makes or replaces the table. A kernel or nft that cannot do it leaves the ports open: `problem` reports that. */
  async replace(ports: readonly GuardedPort[]): Promise<void> {
    try {
      await this.#nft(tableText(this.#table, ports));
      this.#problem = undefined;
    } catch (error) {
      const problem = messageOf(error);
      if (problem !== this.#problem) this.#log.error('pods can send in the name of others', { problem });
      this.#problem = problem;
    }
  }

  /** Before its cable is laid. Throws when the table is there no more. */
  async add(port: GuardedPort): Promise<void> {
    if (this.#problem === undefined) await this.#nft(elementText('add', this.#table, port));
  }

  /** After its cable is gone. Succeeds when it is not there. */
  async remove(port: GuardedPort): Promise<void> {
    try {
      await this.#nft(elementText('add', this.#table, port) + elementText('delete', this.#table, port));
    } catch (error) {
      if (await this.isThere()) throw error;
    }
  }

  async isThere(): Promise<boolean> {
    const { code } = await run('nft', ['list', 'chain', 'bridge', this.#table, 'guarded'], { timeoutMs: 15_000 });
    return code === 0;
  }

  async #nft(input: string): Promise<void> {
    const { code, stderr } = await run('nft', ['-f', '-'], { input, timeoutMs: 15_000 });
    if (code !== 0) throw new ApiError('InternalError', `rules of the bridge's ports: ${stderr.trim()}`);
  }
}

const ownerOf = ({ link, hardware, ip }: GuardedPort): string => `"${link}" . ${hardware} . ${ip}`;

function elementText(verb: 'add' | 'delete', table: string, port: GuardedPort): string {
  return `
    ${verb} element bridge ${table} ports { "${port.link}" }
    ${verb} element bridge ${table} owners { ${ownerOf(port)} }
  `;
}

function tableText(table: string, ports: readonly GuardedPort[]): string {
  const elements = (list: string[]): string => (list.length === 0 ? '' : `elements = { ${list.join(', ')} };`);
  return `
    table bridge ${table} {
    }
    delete table bridge ${table}
    table bridge ${table} {
      set ports {
        type ifname;
        ${elements(ports.map(({ link }) => `"${link}"`))}
      }
      set owners {
        type ifname . ether_addr . ipv4_addr;
        ${elements(ports.map(ownerOf))}
      }
      chain prerouting {
        type filter hook prerouting priority -300; policy accept;
        iifname @ports goto guarded
      }
      chain input {
        type filter hook input priority -300; policy accept;
        iifname @ports ether daddr 01:80:c2:00:00:00-01:80:c2:00:00:0f drop
      }
      chain guarded {
        ether daddr 01:80:c2:00:00:00-01:80:c2:00:00:0f drop
        ether type ip udp sport 67 udp dport 68 drop
        ether type ip iifname . ether saddr . ip saddr @owners accept
        ether type arp arp htype 1 arp ptype ip arp hlen 6 arp plen 4 arp operation { request, reply } ${ownArp} accept
        drop
      }
    }
  `;
}

const ownArp = 'iifname . ether saddr . arp saddr ip @owners iifname . arp saddr ether . arp saddr ip @owners';
