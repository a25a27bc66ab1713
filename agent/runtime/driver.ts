import type { Socket } from 'node:net';
import type { ImageService } from '../images/image-service.ts';

/** Names one sandbox for ever: the namespaces of one attempt of one pod. */
export type SandboxId = string & { readonly __brand: 'SandboxId' };
/** Names one container for ever: one attempt of one container of one pod. */
export type ContainerId = string & { readonly __brand: 'ContainerId' };

export interface PodIdentity {
  namespace: string;
  name: string;
  uid: string;
}

export interface PortMapping {
  containerPort: number;
  hostPort: number;
  hostIP?: string;
  protocol: 'TCP' | 'UDP' | 'SCTP';
}

export interface SandboxConfig {
  pod: PodIdentity;
  attempt: number;
  hostname: string;
  /** Directory of the pod's container logs; exists. */
  logDirectory: string;
  hostNetwork: boolean;
  hostPid: boolean;
  hostIpc: boolean;
  /** One PID namespace for all containers. */
  sharePid: boolean;
  dns: { servers: string[]; searches: string[]; options: string[] };
  hostAliases: { ip: string; hostnames: string[] }[];
  ports: PortMapping[];
  /** Kernel settings of its own namespaces. */
  sysctls: Record<string, string>;
  /** The users of its containers are those of the host. */
  hostUsers: boolean;
}

export interface SandboxStatus {
  id: SandboxId;
  pod: PodIdentity;
  attempt: number;
  /** False when its namespaces or its network are gone: its containers must be started anew in a new sandbox. */
  isReady: boolean;
  /** '' for host network. */
  ip: string;
  createdAt: number;
}

export interface Mount {
  containerPath: string;
  hostPath: string;
  /** 'recursive': what is mounted below it too. */
  readOnly: boolean | 'recursive';
  propagation: 'private' | 'hostToContainer' | 'bidirectional';
}

export interface ContainerSecurity {
  privileged: boolean;
  /** Absent: what the image says. */
  runAsUser?: number;
  runAsGroup?: number;
  runAsNonRoot: boolean;
  supplementalGroups: number[];
  /** Groups that the image gives to the user do not count. */
  isGroupListStrict: boolean;
  addCapabilities: string[];
  dropCapabilities: string[];
  readOnlyRootFilesystem: boolean;
  allowPrivilegeEscalation: boolean;
  seccomp: { type: 'RuntimeDefault' | 'Unconfined' } | { type: 'Localhost'; path: string };
  /** Absent: nothing is asked for. */
  appArmor?: { type: 'RuntimeDefault' | 'Unconfined' } | { type: 'Localhost'; profile: string };
  hasSeLinuxOptions: boolean;
  /** Sees all of /proc and /sys. */
  isProcUnmasked: boolean;
}

/** What may change while a container runs. */
export interface ContainerSize {
  /** In milli-CPUs; absent: no limit. */
  cpuLimitMillis?: number;
  cpuRequestMillis: number;
  memoryLimitBytes?: number;
}

export interface ContainerResources extends ContainerSize {
  pidsLimit: number;
  oomScoreAdj: number;
}

export interface ContainerConfig {
  sandbox: SandboxId;
  pod: PodIdentity;
  name: string;
  /** Restart count: 0 for the first start. */
  attempt: number;
  /** Id of an image that is present (ImageRecord.id). */
  imageId: string;
  /** Reference as the user wrote it, for status. */
  image: string;
  /** Absent: the image's entrypoint. */
  command?: string[];
  /** Absent: the image's command, unless `command` is given. */
  args?: string[];
  /** Over the image's own variables; in order, later ones win. */
  env: { name: string; value: string }[];
  workingDir?: string;
  mounts: Mount[];
  security: ContainerSecurity;
  resources: ContainerResources;
  tty: boolean;
  stdin: boolean;
  /** The input ends with the first client that leaves; else it stays open for the next. */
  stdinOnce: boolean;
  /** File in the CRI log format; its directory exists. */
  logPath: string;
  /** Changes when the spec of this container changes; kept for comparison. */
  specHash: string;
  /** A running container of the same sandbox whose PID namespace this one joins. Throws Conflict at creation when it does not run. */
  sharesPidsOf?: ContainerId;
}

export interface ContainerStatus {
  id: ContainerId;
  sandbox: SandboxId;
  pod: PodIdentity;
  name: string;
  attempt: number;
  image: string;
  /** `<repository>@sha256:…` where known, else the image id. */
  imageId: string;
  specHash: string;
  logPath: string;
  /** In force. Absent for what an earlier version made, and never resized. */
  size?: ContainerSize;
  state: 'created' | 'running' | 'exited';
  createdAt: number;
  /** Milliseconds since the epoch; 0 while not reached. */
  startedAt: number;
  finishedAt: number;
  /** Set when exited. 128 + signal for signals. */
  exitCode: number;
  /** Set when exited: Completed, Error, OOMKilled, StartError, MonitorLost, … */
  reason: string;
  message: string;
}

/** Something happened to this container: read its status. Hints only: list at times. */
export interface ContainerEvent {
  id: ContainerId;
  pod: PodIdentity;
}

export interface ContainerUsage {
  id: ContainerId;
  cpuSeconds: number;
  workingSetBytes: number;
}

export interface SandboxUsage {
  id: SandboxId;
  receivedBytes: number;
  sentBytes: number;
}

export interface ExecOptions {
  command: string[];
  tty: boolean;
  stdin: boolean;
  signal: AbortSignal;
}

/** The input and output of a process in a container. */
export interface ProcessStreams {
  readonly stdout: AsyncIterable<Uint8Array>;
  /** Empty with a tty. */
  readonly stderr: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  endInput(): void;
  resize(columns: number, rows: number): void;
}

/** A command that runs in a container. */
export interface ExecProcess extends ProcessStreams {
  /** Resolves once the command has ended and its output is read. 128 + signal for signals. */
  readonly exitCode: Promise<number>;
}

export interface AttachOptions {
  stdin: boolean;
  /** Ends the attachment, not the container. */
  signal: AbortSignal;
}

export interface ExecResult {
  exitCode: number;
  /** At most 16 KiB each of stdout and stderr together, in order of arrival. */
  output: string;
  timedOut: boolean;
}

/**
 * A container runtime, shaped like the CRI. Everything it made survives this process: a new driver on the same
 * directories finds it by listing. Create what exists already throws AlreadyExists; stop and remove succeed when it is gone.
 */
export interface RuntimeDriver {
  readonly name: 'oci' | 'docker' | 'containerd';
  readonly images: ImageService;
  /** Looks at what an earlier process left and goes on with it. Call once, before all else. Throws with a clear message when the host lacks what it needs. */
  open(): Promise<void>;
  /** For nodeInfo.containerRuntimeVersion, as `oci://runc-1.1.5`. */
  version(): Promise<string>;

  /** Throws BadRequest for sysctls that do not belong to a pod, Invalid for one that the kernel refuses. */
  runSandbox(config: SandboxConfig, signal?: AbortSignal): Promise<SandboxStatus>;
  /** Kills what still runs in it and takes down its network. */
  stopSandbox(id: SandboxId): Promise<void>;
  /** Removes it and all its containers. */
  removeSandbox(id: SandboxId): Promise<void>;
  /** All, or those of one pod. */
  listSandboxes(podUid?: string): Promise<SandboxStatus[]>;

  /** Throws Forbidden for isolation that this host cannot give: better no container than one with less of it. */
  createContainer(config: ContainerConfig, signal?: AbortSignal): Promise<ContainerId>;
  /** Throws with reason BadRequest and the runtime's own words when the command cannot be executed. */
  startContainer(id: ContainerId): Promise<void>;
  /**
   * Limits a running container by other numbers; a limit that is absent stays as it is. Throws Conflict when it does not
   * run, or uses more memory than it is to have. A second call does the same again.
   */
  resizeContainer(id: ContainerId, size: ContainerSize): Promise<void>;
  /** SIGTERM (or the image's stop signal), then SIGKILL after the grace period. Resolves when it has exited. A shorter grace in a second call applies. */
  stopContainer(id: ContainerId, graceMs: number): Promise<void>;
  removeContainer(id: ContainerId): Promise<void>;
  /** All, or those of one pod. */
  listContainers(podUid?: string): Promise<ContainerStatus[]>;
  /** Hints about exits and starts, until the signal aborts. */
  events(signal: AbortSignal): AsyncIterable<ContainerEvent>;

  exec(id: ContainerId, options: ExecOptions): Promise<ExecProcess>;
  /**
   * The container's own process: its output from now on, to its end, and its input. Nobody who is slow to read or goes
   * away holds it up. Throws Conflict when it does not run, BadRequest when it takes no input and some is wanted.
   */
  attach(id: ContainerId, options: AttachOptions): Promise<ProcessStreams>;
  /** A TCP connection to a port as programs in the sandbox reach it, on its loopback too. Throws ServiceUnavailable when nobody listens. */
  connect(id: SandboxId, port: number, signal: AbortSignal): Promise<Socket>;
  /** For probes: on timeout the command and its children are killed. */
  execSync(id: ContainerId, command: string[], timeoutMs: number): Promise<ExecResult>;
  /** Makes the container write to a fresh file at its logPath, after the caller has renamed the old one. */
  reopenLog(id: ContainerId): Promise<void>;
  /**
   * What the containers of a pod may fill besides volumes and logs: the writable layer of each on the host, and the
   * files that all of them share, as /etc/hosts.
   */
  writablePaths(podUid: string): Promise<{ layers: ReadonlyMap<ContainerId, string>; shared: string[] }>;
  usage(): Promise<{ containers: ContainerUsage[]; sandboxes: SandboxUsage[] }>;
  /** Forgets what this process holds; containers run on. */
  close(): Promise<void>;
}
