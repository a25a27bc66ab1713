import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { ApiEndpoint } from '../../shared/objects/api-endpoint.ts';
import { readIfExists, writeAtomic } from '../host/files.ts';
import { removeNetworkObjects } from '../host/network-objects.ts';
import { quietLink, quietOldNamespace } from '../host/quiet-network.ts';
import type { AgentPaths } from '../paths.ts';
import type { PortMapping, SandboxId } from '../runtime/driver.ts';
import { AddressPool, type PoolState } from './address-pool.ts';
import { allowForwarding } from './forwarding.ts';
import { checkHostPorts, type HostPort, hostPortsOf } from './host-ports.ts';
import { layCable, makeBridge, readTraffic, removeCable, type Traffic } from './links.ts';
import type { Attachment, NodeNetwork } from './network.ts';
import { type GuardedPort, hardwareOf, PortGuard } from './port-guard.ts';
import { applyRules, hasRules } from './rules.ts';

export interface BridgeNetworkDeps {
  paths: AgentPaths;
  /** Range of this node's pod addresses, as `10.42.1.0/24`. */
  podCIDR: string;
  /** Where pods are led to the API until `leadToApi` says otherwise. */
  api?: ApiEndpoint;
  clock: Clock;
  log: Logger;
}

interface SavedState {
  podCIDR: string;
  pool: PoolState;
  ports: HostPort[];
  /** Hardware address by owner. An owner without one was attached before senders were checked. */
  hardware?: Record<string, string>;
}

/** A Linux bridge with a cable to each sandbox, an nft table for host ports and masquerade, and one for the senders. */
export class BridgeNetwork implements NodeNetwork {
  readonly #deps: BridgeNetworkDeps;
  readonly #file: string;
  #pool: AddressPool;
  #ports: HostPort[] = [];
  readonly #hardware = new Map<string, string>();
  readonly #guard: PortGuard;
  #api: ApiEndpoint | undefined;
  /** Changes of pool, rules and file, one after the other. */
  #changes: Promise<void> = Promise.resolve();
  #traffic: { readAt: number; counters: Promise<Map<string, Traffic>> } | undefined;

  constructor(deps: BridgeNetworkDeps) {
    this.#deps = deps;
    this.#file = join(deps.paths.run, 'network.json');
    this.#pool = new AddressPool(deps.podCIDR);
    this.#api = deps.api;
    this.#guard = new PortGuard(deps.paths.table, deps.log);
  }

  /** Why pods could send in the name of others; undefined when they cannot. */
  get guardProblem(): string | undefined {
    return this.#guard.problem;
  }

  async open(live: ReadonlyMap<SandboxId, string>): Promise<void> {
    await mkdir(this.#deps.paths.run, { recursive: true, mode: 0o700 });
    const saved = parseState(await readIfExists(this.#file)) ?? {
      podCIDR: '',
      pool: { next: 0, owned: {} },
      ports: [],
    };
    // In another range an address is worth nothing: without its cable the sandbox is no longer ready and is made anew.
    const stays = (owner: string): boolean => saved.podCIDR === this.#deps.podCIDR && live.has(owner as SandboxId);
    if (saved.podCIDR === this.#deps.podCIDR) this.#pool = new AddressPool(this.#deps.podCIDR, saved.pool);
    this.#ports = saved.ports.filter(({ owner }) => stays(owner));
    for (const owner of Object.keys(saved.pool.owned).filter((owner) => !stays(owner))) {
      await removeCable(cableName(owner));
      this.#pool.release(owner);
    }
    for (const [owner, ip] of Object.entries(this.#pool.state.owned)) {
      const pin = live.get(owner as SandboxId) ?? '';
      await quietLink(cableName(owner));
      this.#hardware.set(owner, saved.hardware?.[owner] ?? (await this.#quietOld(pin, hardwareOf(ip))));
    }
    await this.#inOrder(async () => {
      await this.#build();
      await this.#save();
    });
  }

  async attach(id: SandboxId, netnsPath: string, ports: readonly PortMapping[]): Promise<Attachment> {
    const { bridge } = this.#deps.paths;
    const { gateway, prefixLength } = this.#pool;
    const ip = await this.#inOrder(async () => {
      const address = this.#pool.take(id);
      try {
        const wanted = hostPortsOf(id, address, ports);
        checkHostPorts([...wanted], this.#ports);
        await this.#setPorts([...this.#ports.filter(({ owner }) => owner !== id), ...wanted]);
      } catch (error) {
        this.#pool.release(id);
        throw error;
      }
      this.#hardware.set(id, hardwareOf(address));
      await this.#save();
      return address;
    });
    try {
      const hardware = hardwareOf(ip);
      await this.#guard
        .add({ link: cableName(id), hardware, ip })
        .catch(() => this.#inOrder(() => this.#replaceGuard()));
      await layCable({ outside: cableName(id), bridge, netnsPath, ip, hardware, prefixLength, gateway });
    } catch (error) {
      await this.detach(id);
      throw error;
    }
    this.#traffic = undefined;
    return { ip, gateway };
  }

  async detach(id: SandboxId): Promise<void> {
    await removeCable(cableName(id));
    this.#traffic = undefined;
    await this.#inOrder(async () => {
      const port = this.#guardedPort(id);
      if (port === undefined) return;
      await this.#guard.remove(port);
      await this.#setPorts(this.#ports.filter(({ owner }) => owner !== id));
      this.#pool.release(id);
      this.#hardware.delete(id);
      await this.#save();
    });
  }

  async usage(id: SandboxId): Promise<Traffic | undefined> {
    const outside = (await this.#counters()).get(cableName(id));
    // What the outer end sends the sandbox receives.
    return outside && { receivedBytes: outside.sentBytes, sentBytes: outside.receivedBytes };
  }

  leadToApi(api: ApiEndpoint | undefined): Promise<void> {
    return this.#inOrder(async () => {
      if (isDeepStrictEqual(api, this.#api)) return;
      this.#api = api;
      await this.#applyRules(this.#ports);
    });
  }

  repair(): Promise<void> {
    return this.#inOrder(async () => {
      await this.#makeBridge();
      if (!(await hasRules(this.#deps.paths.table))) {
        this.#deps.log.warn('host port rules were gone, putting them back');
        await this.#applyRules(this.#ports);
      }
      if (!(await this.#guard.isThere())) await this.#replaceGuard();
      await allowForwarding(this.#deps.paths.bridge);
    });
  }

  async destroy(): Promise<void> {
    await this.#inOrder(async () => {
      for (const owner of Object.keys(this.#pool.state.owned)) await removeCable(cableName(owner));
      await removeNetworkObjects(this.#deps.paths);
      this.#pool = new AddressPool(this.#deps.podCIDR);
      this.#ports = [];
      this.#hardware.clear();
      await this.#save();
    });
  }

  async #build(): Promise<void> {
    await this.#makeBridge();
    await this.#replaceGuard();
    await this.#applyRules(this.#ports);
    await allowForwarding(this.#deps.paths.bridge);
  }

  async #makeBridge(): Promise<void> {
    const { bridge } = this.#deps.paths;
    await makeBridge(bridge, this.#pool.gateway, this.#pool.prefixLength);
    await writeFile('/proc/sys/net/ipv4/ip_forward', '1');
    // Connections from 127.0.0.1 to a host port leave through the bridge; the raw chain keeps pods off loopback.
    await writeFile(`/proc/sys/net/ipv4/conf/${bridge}/route_localnet`, '1');
  }

  async #setPorts(ports: HostPort[]): Promise<void> {
    const hasChanged = ports.length !== this.#ports.length || ports.some((port) => !this.#ports.includes(port));
    if (hasChanged) await this.#applyRules(ports);
    this.#ports = ports;
  }

  #applyRules(ports: HostPort[]): Promise<void> {
    const { table, bridge } = this.#deps.paths;
    return applyRules({ table, bridge, podCIDR: this.#deps.podCIDR, ports, api: this.#api });
  }

  #replaceGuard(): Promise<void> {
    return this.#guard.replace([...this.#hardware.keys()].flatMap((owner) => this.#guardedPort(owner) ?? []));
  }

  #guardedPort(owner: string): GuardedPort | undefined {
    const ip = this.#pool.addressOf(owner);
    return ip === undefined
      ? undefined
      : { link: cableName(owner), hardware: this.#hardware.get(owner) ?? hardwareOf(ip), ip };
  }

  /** One that an older agent attached: the hardware address it has, or one that cuts it off when it cannot be read. */
  async #quietOld(pin: string, otherwise: string): Promise<string> {
    try {
      return await quietOldNamespace(pin);
    } catch (error) {
      this.#deps.log.error('pod cannot be shielded: what it sends is dropped', {
        network: pin,
        problem: messageOf(error),
      });
      return otherwise;
    }
  }

  async #save(): Promise<void> {
    const hardware = Object.fromEntries(this.#hardware);
    const state: SavedState = { podCIDR: this.#deps.podCIDR, pool: this.#pool.state, ports: this.#ports, hardware };
    await writeAtomic(this.#file, JSON.stringify(state));
  }

  /** Read once for all who ask within a moment. */
  #counters(): Promise<Map<string, Traffic>> {
    const now = this.#deps.clock.monotonic();
    if (this.#traffic === undefined || now - this.#traffic.readAt > counterAgeMs) {
      this.#traffic = { readAt: now, counters: readTraffic() };
    }
    return this.#traffic.counters;
  }

  #inOrder<T>(change: () => Promise<T>): Promise<T> {
    const running = this.#changes.then(change);
    this.#changes = running.then(
      () => undefined,
      () => undefined,
    );
    return running;
  }
}

const counterAgeMs = 200;

/** At most 15 characters, and the same for a sandbox in every process. */
function cableName(id: string): string {
  return `veth${id.slice(0, 11)}`;
}

function parseState(text: string | undefined): SavedState | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as SavedState);
  } catch {
    return undefined;
  }
}
