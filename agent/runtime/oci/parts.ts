import { availableParallelism } from 'node:os';
import type { Clock } from '../../../shared/clock.ts';
import type { Logger } from '../../../shared/log.ts';
import type { Scope } from '../../../shared/scope.ts';
import type { ImageService } from '../../images/image-service.ts';
import type { Snapshotter } from '../../images/snapshotter.ts';
import type { NodeNetwork } from '../../network/network.ts';
import type { AgentPaths } from '../../paths.ts';
import { ContainerMaker } from './container-maker.ts';
import { ContainerStarter } from './container-starter.ts';
import { ContainerTable } from './container-table.ts';
import { Execs } from './execs.ts';
import { Exits } from './exits.ts';
import { FirstProcesses } from './first-process.ts';
import { Gate } from './gate.ts';
import { lookAtHost, type OciHost } from './host.ts';
import { type Layout, layoutOf } from './layout.ts';
import { type ContainerRecord, RecordFiles, type SandboxRecord } from './records.ts';
import { Resizes } from './resizes.ts';
import { Sandboxes } from './sandboxes.ts';
import { Stops } from './stops.ts';

export interface OciDriverDeps {
  paths: AgentPaths;
  images: ImageService;
  snapshotter: Snapshotter;
  network: NodeNetwork;
  clock: Clock;
  log: Logger;
  /** From 0 to below 1, as Math.random. */
  chance: () => number;
  /** How long the runtime may take to create one container. */
  createDeadlineMs?: number;
}

/** What the driver is made of, once it knows its host. */
export interface Parts {
  host: OciHost;
  layout: Layout;
  table: ContainerTable;
  sandboxes: Sandboxes;
  maker: ContainerMaker;
  starter: ContainerStarter;
  exits: Exits;
  stops: Stops;
  execs: Execs;
  resizes: Resizes;
}

const idDigits = 32;

export async function makeParts(deps: OciDriverDeps, scope: Scope): Promise<Parts> {
  const { paths, images, snapshotter, network, clock, log, chance, createDeadlineMs = 30_000 } = deps;
  const cgroupParent = paths.cgroup;
  const host = await lookAtHost(cgroupParent);
  const layout = layoutOf(paths);
  const newId = (): string => Array.from({ length: idDigits }, () => Math.floor(chance() * 16).toString(16)).join('');
  const table = new ContainerTable(
    new RecordFiles<ContainerRecord>(layout.containerRecords, layout.containerRecordsInMemory),
  );
  const sandboxRecords = new RecordFiles<SandboxRecord>(layout.sandboxRecords, layout.sandboxRecordsInMemory);
  const sandboxes = new Sandboxes({
    bootId: host.bootId,
    layout,
    records: sandboxRecords,
    network,
    firstProcesses: new FirstProcesses({ host, layout }),
    cgroupParent,
    clock,
    newId,
  });
  const common = { host, layout, cgroupParent, table, clock };
  const exits = new Exits({ ...common, log, scope });
  const cores = availableParallelism();
  return {
    host,
    layout,
    table,
    sandboxes,
    exits,
    maker: new ContainerMaker({ ...common, images, snapshotter, sandboxes, newId }),
    starter: new ContainerStarter({ ...common, exits, createDeadlineMs, gate: new Gate(cores) }),
    stops: new Stops({ ...common, exits }),
    resizes: new Resizes(common),
    execs: new Execs({ ...common, gate: new Gate(4 * cores) }),
  };
}
