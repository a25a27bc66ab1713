import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pinNamespaces, unpin } from '../../../agent/host/namespaces.ts';
import { run } from '../../../agent/host/run.ts';
import { BridgeNetwork } from '../../../agent/network/bridge-network.ts';
import { type AgentPaths, agentPaths } from '../../../agent/paths.ts';
import type { PortMapping, SandboxId } from '../../../agent/runtime/driver.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLogger } from '../../../shared/log.ts';

/** A real pod network on this machine, with network namespaces in place of pods. */
export class NetworkBench {
  readonly directory: string;
  readonly paths: AgentPaths;
  network: BridgeNetwork;
  readonly #pins = new Map<SandboxId, string>();

  private constructor(directory: string) {
    this.directory = directory;
    this.paths = agentPaths(directory, 'node');
    this.network = this.#make('10.63.7.0/28');
  }

  static async start(): Promise<NetworkBench> {
    const bench = new NetworkBench(await mkdtemp(join(tmpdir(), 'berth-network-')));
    await bench.open([]);
    return bench;
  }

  /** What an agent does that starts anew. */
  open(live: SandboxId[], podCIDR = '10.63.7.0/28'): Promise<void> {
    this.network = this.#make(podCIDR);
    return this.network.open(new Map(live.map((id) => [id, this.pin(id)])));
  }

  async attach(id: SandboxId, ports: PortMapping[] = []): Promise<string> {
    const pin = this.pin(id);
    if (!this.#pins.has(id)) await pinNamespaces({ net: pin }, { hostname: '', sysctls: {} });
    this.#pins.set(id, pin);
    return (await this.network.attach(id, pin, ports)).ip;
  }

  /** Path of its network namespace. */
  pin(id: SandboxId): string {
    return join(this.directory, `net-${id}`);
  }

  async inside(id: SandboxId, ...command: string[]): Promise<string> {
    return (await run('nsenter', [`--net=${this.pin(id)}`, ...command], { timeoutMs: 10_000 })).stdout;
  }

  async close(): Promise<void> {
    for (const pin of this.#pins.values()) await unpin(pin);
    await this.network.destroy();
    await rm(this.directory, { recursive: true });
    await rm(this.paths.run, { recursive: true, force: true });
  }

  #make(podCIDR: string): BridgeNetwork {
    return new BridgeNetwork({ paths: this.paths, podCIDR, clock: systemClock, log: silentLogger });
  }
}
