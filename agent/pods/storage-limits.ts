import { readQuantity, unitsOf } from '../../shared/objects/quantity.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import { isSidecar, specOf } from './pod-view.ts';

const resource = 'ephemeral-storage';

/** A limit as the user wrote it, and in bytes. */
interface Limit {
  name: string;
  text: string;
  bytes: number;
}

/** How much of the node's disk a pod may take. */
export interface StorageLimits {
  /** Of emptyDirs on disk. */
  volumes: readonly Limit[];
  /** Of the writable layer and the logs of each container. */
  containers: readonly Limit[];
  /** Of all that the pod writes to the disk; the sum of what its containers are limited to. */
  podBytes?: number;
}

/** What a pod takes of the node's disk, in bytes. */
export interface StorageUsage {
  /** By name, of all emptyDirs on disk. */
  volumes: ReadonlyMap<string, number>;
  /** By name: writable layer, logs and termination message. */
  containers: ReadonlyMap<string, number>;
  /** Files that its containers share, as /etc/hosts. */
  shared: number;
}

/** Names of the volumes of a pod that are directories of the node's disk. */
export function diskVolumes(pod: Stored<Pod>): string[] {
  const volumes = specOf(pod).volumes ?? [];
  return volumes.filter(({ emptyDir }) => emptyDir && emptyDir.medium !== 'Memory').map(({ name }) => name);
}

/** Undefined when the pod may take what it gets. */
export function storageLimitsOf(pod: Stored<Pod>): StorageLimits | undefined {
  const { containers: main, initContainers: inits = [], volumes: all = [] } = specOf(pod);
  const onDisk = new Set(diskVolumes(pod));
  const volumes = all
    .filter(({ name }) => onDisk.has(name))
    .flatMap(({ name, emptyDir }) => limitOf(name, emptyDir?.sizeLimit))
    .filter(({ bytes }) => bytes > 0);
  const ofContainers = (some: typeof main): Limit[] =>
    some.flatMap(({ name, resources }) => limitOf(name, resources?.limits?.[resource]));
  const containers = ofContainers([...main, ...inits]);
  if (containers.length === 0) return volumes.length === 0 ? undefined : { volumes, containers };
  const sum = (limits: readonly Limit[]): number => limits.reduce((bytes, limit) => bytes + limit.bytes, 0);
  const passing = ofContainers(inits.filter((init) => !isSidecar(init))).map(({ bytes }) => bytes);
  const podBytes = Math.max(sum(ofContainers([...main, ...inits.filter(isSidecar)])), ...passing);
  return { volumes, containers, podBytes };
}

/** Which limit the pod exceeds, as kubelets word it; undefined when it exceeds none. */
export function storageExcess(limits: StorageLimits, usage: StorageUsage): string | undefined {
  const volume = limits.volumes.find(({ name, bytes }) => (usage.volumes.get(name) ?? 0) > bytes);
  if (volume !== undefined) return `Usage of EmptyDir volume "${volume.name}" exceeds the limit "${volume.text}". `;
  const sum = (amounts: ReadonlyMap<string, number>): number => [...amounts.values()].reduce((a, b) => a + b, 0);
  const { podBytes = Infinity } = limits;
  if (sum(usage.volumes) + sum(usage.containers) + usage.shared > podBytes) {
    return `Pod ephemeral local storage usage exceeds the total limit of containers ${inBinary(podBytes)}. `;
  }
  const container = limits.containers.find(({ name, bytes }) => (usage.containers.get(name) ?? 0) > bytes);
  if (container === undefined) return undefined;
  return `Container ${container.name} exceeded its local ephemeral storage limit "${container.text}". `;
}

function limitOf(name: string, quantity: string | number | undefined): Limit[] {
  if (quantity === undefined) return [];
  const text = String(quantity);
  const read = readQuantity(text);
  return read === undefined ? [] : [{ name, text, bytes: unitsOf(read) }];
}

/** The largest unit that shows the number exactly. */
function inBinary(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];
  let [amount, unit] = [bytes, 0];
  for (; amount > 0 && amount % 1024 === 0 && unit < units.length - 1; unit += 1) amount /= 1024;
  return `${String(amount)}${units[unit] ?? ''}`;
}
