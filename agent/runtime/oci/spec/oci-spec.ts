/** The part of the OCI runtime specification that Berth writes. */
export interface OciSpec {
  ociVersion: '1.0.2';
  process: OciProcess;
  root: { path: string; readonly: boolean };
  mounts: OciMount[];
  annotations?: Record<string, string>;
  linux: OciLinux;
}

export interface OciProcess {
  terminal: boolean;
  args: string[];
  env: string[];
  cwd: string;
  user: OciUser;
  capabilities: Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', string[]>;
  rlimits: { type: string; soft: number; hard: number }[];
  noNewPrivileges: boolean;
  apparmorProfile?: string;
  oomScoreAdj: number;
}

export interface OciUser {
  uid: number;
  gid: number;
  additionalGids: number[];
}

export interface OciMount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

export interface OciLinux {
  namespaces: { type: string; path?: string }[];
  uidMappings?: OciMapping[];
  gidMappings?: OciMapping[];
  cgroupsPath: string;
  resources: OciResources;
  rootfsPropagation: string;
  maskedPaths: string[];
  readonlyPaths: string[];
  devices: OciDevice[];
  seccomp?: OciSeccomp;
}

export interface OciMapping {
  containerID: number;
  hostID: number;
  size: number;
}

export interface OciDevice {
  path: string;
  type: 'c' | 'b';
  major: number;
  minor: number;
  fileMode: number;
  uid: number;
  gid: number;
}

export interface OciResources {
  devices: { allow: boolean; type?: string; major?: number; minor?: number; access: string }[];
  memory?: { limit: number; swap?: number };
  cpu?: { shares: number; quota?: number; period?: number };
  pids?: { limit: number };
}

export interface OciSeccomp {
  defaultAction: string;
  defaultErrnoRet?: number;
  architectures?: string[];
  syscalls: OciSyscalls[];
}

export interface OciSyscalls {
  names: string[];
  action: string;
  errnoRet?: number;
  args?: { index: number; value: number; valueTwo?: number; op: string }[];
}
