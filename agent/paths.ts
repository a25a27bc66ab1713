import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';

/**
 * Where one agent keeps things. All derives from the data directory and the node name, so that several agents share a
 * machine without meeting: `id` is in every path, bridge, cgroup and table name.
 */
export interface AgentPaths {
  /** 8 hex digits. */
  id: string;
  /** Survives a reboot: images, desired pods, logs. */
  data: string;
  /** On tmpfs, gone after a reboot: sandboxes, bundles, secrets. Short, since socket paths end at 107 bytes. */
  run: string;
  images: string;
  /** Desired items and restart records, one file each. */
  state: string;
  /** Holds some of the disk for when it is full. */
  reserve: string;
  /** `<namespace>_<pod>_<uid>/<container>/<attempt>.log` */
  logs: string;
  /** `<uid>/volumes/…` */
  pods: string;
  /** Secret-bearing volumes, below `run`. */
  secrets: string;
  /** Cgroup parent of all pods, as `/berth/<id>`. */
  cgroup: string;
  /** At most 15 characters. */
  bridge: string;
  /** nft table of this agent. */
  table: string;
}

export function agentPaths(dataDir: string, nodeName: string): AgentPaths {
  const root = resolve(dataDir);
  const id = createHash('sha256').update(`${root}\0${nodeName}`).digest('hex').slice(0, 8);
  const data = join(root, 'agents', nodeName);
  const run = join('/run/berth', id);
  return {
    id,
    data,
    run,
    images: join(data, 'images'),
    state: join(data, 'state'),
    reserve: join(data, 'reserve'),
    logs: join(data, 'logs'),
    pods: join(data, 'pods'),
    secrets: join(run, 'secrets'),
    cgroup: `/berth/${id}`,
    bridge: `berth-${id}`,
    table: `berth_${id}`,
  };
}
