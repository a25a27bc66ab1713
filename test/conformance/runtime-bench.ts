import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  ContainerConfig,
  ContainerId,
  ContainerStatus,
  RuntimeDriver,
  SandboxConfig,
  SandboxStatus,
} from '../../agent/runtime/driver.ts';
import { until } from '../support/until.ts';

/** What a runtime suite needs of a driver under test. */
export interface RuntimeBench {
  driver: RuntimeDriver;
  /** Id of an image with busybox's applets in /bin and the user `web` (1000:1001, also in group 2000). */
  imageId: string;
  /** For logs; removed by close. */
  directory: string;
  /** Forgets the driver as a crash would, and opens another on what it left. */
  crash(): Promise<void>;
  /** Removes everything. */
  close(): Promise<void>;
}

let serial = 0;

/** A sandbox of a pod of its own. */
export async function aSandbox(bench: RuntimeBench, changes: Partial<SandboxConfig> = {}): Promise<SandboxStatus> {
  serial += 1;
  const name = `pod-${String(serial)}`;
  const uid = `uid-${String(process.pid)}-${String(serial)}`;
  const logDirectory = join(bench.directory, name);
  await mkdir(logDirectory, { recursive: true });
  return bench.driver.runSandbox({
    pod: { namespace: 'default', name, uid },
    attempt: 0,
    hostname: name,
    logDirectory,
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    sharePid: false,
    dns: { servers: ['192.0.2.53'], searches: ['default.svc.cluster.local'], options: ['ndots:5'] },
    hostAliases: [{ ip: '192.0.2.1', hostnames: ['example.test'] }],
    ports: [],
    sysctls: {},
    hostUsers: true,
    ...changes,
  });
}

/** Settings of a container that runs `script` in a shell. */
export function aContainer(
  bench: RuntimeBench,
  sandbox: SandboxStatus,
  script: string,
  { security, resources, ...changes }: Changes = {},
): ContainerConfig {
  const name = changes.name ?? 'main';
  return {
    sandbox: sandbox.id,
    pod: sandbox.pod,
    name,
    attempt: 0,
    imageId: bench.imageId,
    image: 'busybox:1',
    command: ['sh', '-c', script],
    env: [],
    mounts: [],
    security: {
      privileged: false,
      runAsNonRoot: false,
      supplementalGroups: [],
      addCapabilities: [],
      dropCapabilities: [],
      readOnlyRootFilesystem: false,
      allowPrivilegeEscalation: true,
      seccomp: { type: 'RuntimeDefault' },
      isGroupListStrict: false,
      hasSeLinuxOptions: false,
      isProcUnmasked: false,
      ...security,
    },
    resources: { cpuRequestMillis: 100, pidsLimit: 100, oomScoreAdj: 100, ...resources },
    tty: false,
    stdin: false,
    stdinOnce: false,
    logPath: join(bench.directory, sandbox.pod.name, `${name}-${String(changes.attempt ?? 0)}.log`),
    specHash: 'hash',
    ...changes,
  };
}

interface Changes extends Partial<Omit<ContainerConfig, 'security' | 'resources'>> {
  security?: Partial<ContainerConfig['security']>;
  resources?: Partial<ContainerConfig['resources']>;
}

export async function started(
  bench: RuntimeBench,
  sandbox: SandboxStatus,
  script: string,
  changes?: Changes,
): Promise<ContainerId> {
  const id = await bench.driver.createContainer(aContainer(bench, sandbox, script, changes));
  await bench.driver.startContainer(id);
  return id;
}

export async function statusOf(bench: RuntimeBench, id: ContainerId): Promise<ContainerStatus> {
  const status = (await bench.driver.listContainers()).find((container) => container.id === id);
  if (status === undefined) throw new Error(`container ${id} is not listed`);
  return status;
}

export async function exited(bench: RuntimeBench, id: ContainerId): Promise<ContainerStatus> {
  await until(async () => (await statusOf(bench, id)).state === 'exited', 'the container has exited');
  return statusOf(bench, id);
}

/** Runs `script` to its end: what it wrote, and how it ended. */
export async function ranToEnd(
  bench: RuntimeBench,
  script: string,
  changes: Omit<Changes, 'sandbox'> & { sandbox?: SandboxStatus } = {},
): Promise<ContainerStatus & { output: string }> {
  const sandbox = changes.sandbox ?? (await aSandbox(bench));
  const id = await started(bench, sandbox, script, { ...changes, sandbox: sandbox.id });
  const status = await exited(bench, id);
  const output = (await logLines(status.logPath)).map(({ text }) => text).join('\n');
  return { ...status, output };
}

export interface CriLine {
  time: string;
  stream: string;
  tag: string;
  text: string;
}

export async function logLines(path: string): Promise<CriLine[]> {
  const lines = (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [time = '', stream = '', tag = '', ...text] = line.split(' ');
    return { time, stream, tag, text: text.join(' ') };
  });
}
