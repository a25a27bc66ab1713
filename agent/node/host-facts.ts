import { readFile, statfs } from 'node:fs/promises';
import { arch, cpus, hostname, networkInterfaces, platform, release, totalmem } from 'node:os';
import type { NodeStatus } from '../../shared/objects/types.ts';

/** Memory that is kept free for the host: below it pods are told of pressure. */
export const memoryReserveBytes = 100 * 1024 * 1024;
/** What is kept free of a disk: a tenth of a small one; on a large one that would be more than anybody needs. */
export function diskReserveBytes(diskBytes: number): number {
  return Math.min(diskBytes / 10, 2 * 1024 ** 3);
}

const ki = 1024;

/** All of the machine, and what pods may take of it. */
export async function readCapacity(
  dataDir: string,
  maxPods: number,
): Promise<{ capacity: Record<string, string>; allocatable: Record<string, string> }> {
  const memory = totalmem();
  const { blocks, bsize } = await statfs(dataDir);
  const disk = blocks * bsize;
  const common = { cpu: String(Math.max(1, cpus().length)), pods: String(maxPods) };
  return {
    capacity: { ...common, memory: inKi(memory), 'ephemeral-storage': inKi(disk) },
    allocatable: {
      ...common,
      memory: inKi(Math.max(memory - memoryReserveBytes, memory / 2)),
      'ephemeral-storage': inKi(disk - diskReserveBytes(disk)),
    },
  };
}

function inKi(bytes: number): string {
  return `${Math.floor(bytes / ki)}Ki`;
}

export async function readNodeInfo(runtimeVersion: string, berthVersion: string): Promise<NodeStatus['nodeInfo']> {
  return {
    machineID: await firstLine('/etc/machine-id'),
    systemUUID: await firstLine('/sys/class/dmi/id/product_uuid'),
    bootID: await firstLine('/proc/sys/kernel/random/boot_id'),
    kernelVersion: release(),
    osImage: osName(await readText('/etc/os-release')),
    containerRuntimeVersion: runtimeVersion,
    kubeletVersion: berthVersion,
    kubeProxyVersion: berthVersion,
    operatingSystem: platform(),
    architecture: architecture(),
  };
}

/** As Kubernetes and image platforms name it. */
export function architecture(): string {
  return arch() === 'x64' ? 'amd64' : arch();
}

/** `PRETTY_NAME` of an os-release file. */
export function osName(text: string): string {
  const match = /^PRETTY_NAME=(?:"([^"]*)"|(.*))$/m.exec(text);
  return match?.[1] ?? match?.[2] ?? 'Linux';
}

/** The address that others reach this machine at: that of the interface with the default route. */
export async function readAddresses(): Promise<{ type: string; address: string }[]> {
  const own = { type: 'Hostname', address: hostname() };
  const route = parseRoutes(await readText('/proc/net/route')).find(({ network }) => network === '0.0.0.0/0');
  const interfaces = Object.entries(networkInterfaces());
  const preferred = interfaces.filter(([name]) => name === route?.device);
  const address = [...preferred, ...interfaces]
    .flatMap(([, addresses]) => addresses ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  return address === undefined ? [own] : [{ type: 'InternalIP', address }, own];
}

/** Networks this host routes, but for those of `ownDevice`. */
export async function readRoutes(ownDevice: string): Promise<string[]> {
  const routes = parseRoutes(await readText('/proc/net/route'));
  const networks = routes.filter(({ device, network }) => device !== ownDevice && network !== '0.0.0.0/0');
  return [...new Set(networks.map(({ network }) => network))].sort();
}

interface Route {
  device: string;
  /** As `10.90.3.0/24`. */
  network: string;
}

/** Lines of /proc/net/route: addresses are hexadecimal, lowest byte first. */
export function parseRoutes(text: string): Route[] {
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.split('\t'))
    .filter((fields) => fields.length > 7)
    .map(([device = '', destination = '', , , , , , mask = '']) => {
      const bits = bytesOf(mask).reduce((sum, byte) => sum + onesOf(byte), 0);
      return { device, network: `${bytesOf(destination).join('.')}/${bits}` };
    });
}

function bytesOf(hex: string): number[] {
  return [...Buffer.from(hex, 'hex')].reverse();
}

function onesOf(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}

async function firstLine(path: string): Promise<string> {
  return (await readText(path)).split('\n')[0] ?? '';
}

/** '' when it is not there or not ours to read. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return '';
  }
}
