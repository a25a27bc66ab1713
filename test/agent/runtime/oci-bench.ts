import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BridgeNetwork } from '../../../agent/network/bridge-network.ts';
import { type AgentPaths, agentPaths } from '../../../agent/paths.ts';
import { destroyRuntime } from '../../../agent/runtime/oci/destroy.ts';
import { OciDriver } from '../../../agent/runtime/oci/oci-driver.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { RuntimeBench } from '../../conformance/runtime-bench.ts';
import { busyboxId, busyboxImages, BusyboxSnapshotter } from './busybox-image.ts';

export interface OciBench extends RuntimeBench {
  paths: AgentPaths;
  snapshotter: BusyboxSnapshotter;
}

/** A pod range for this agent alone, as long as ids differ in two bytes. */
export function podRange({ id }: AgentPaths): string {
  const [first, second] = [parseInt(id.slice(0, 2), 16), parseInt(id.slice(2, 4), 16)];
  return `10.${String(64 + (first % 128))}.${String(second)}.0/24`;
}

export function ociDriver(paths: AgentPaths, snapshotter: BusyboxSnapshotter, createDeadlineMs = 30_000): OciDriver {
  const network = new BridgeNetwork({ paths, podCIDR: podRange(paths), clock: systemClock, log: silentLogger });
  return new OciDriver({
    paths,
    images: busyboxImages,
    snapshotter,
    network,
    clock: systemClock,
    log: silentLogger,
    chance: Math.random,
    createDeadlineMs,
  });
}

/** The oci driver on directories of its own, with an image made of busybox. */
export async function openOciBench(createDeadlineMs?: number): Promise<OciBench> {
  const directory = await mkdtemp(join(tmpdir(), 'berth-oci-'));
  const paths = agentPaths(directory, 'node');
  const snapshotter = new BusyboxSnapshotter(directory);
  const bench: OciBench = {
    paths,
    snapshotter,
    driver: ociDriver(paths, snapshotter, createDeadlineMs),
    imageId: busyboxId,
    directory,
    crash: async () => {
      const forgotten = bench.driver;
      bench.driver = ociDriver(paths, snapshotter, createDeadlineMs);
      await bench.driver.open();
      await forgotten.close(); // only so that it does not hold this process
    },
    close: async () => {
      await bench.driver.close();
      await destroyRuntime(paths);
      for (const id of await snapshotter.list()) await snapshotter.remove(id);
      await rm(directory, { recursive: true, force: true });
    },
  };
  await bench.driver.open();
  return bench;
}
