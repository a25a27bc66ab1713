import { readFile, statfs } from 'node:fs/promises';

/** The cgroup file systems of this machine: one (v2), or one for each controller (v1, with or without a unified one). */
export interface CgroupMounts {
  isVersion2: boolean;
  /** Mount point by controller; on v2 the only one is ''. Named hierarchies as `name=systemd`; the unified one of a hybrid as 'unified'. */
  roots: ReadonlyMap<string, string>;
}

const home = '/sys/fs/cgroup';
const cgroup2Magic = 0x63677270;

/** Decided as the OCI runtimes do: by the file system at the usual place. */
export async function findCgroupMounts(): Promise<CgroupMounts> {
  const { type } = await statfs(home);
  if (type === cgroup2Magic) return { isVersion2: true, roots: new Map([['', home]]) };
  return { isVersion2: false, roots: hierarchiesIn(await readFile('/proc/self/mountinfo', 'utf8')) };
}

/** Mount points by controller; those at the usual place win over others of the same hierarchy. */
export function hierarchiesIn(mountinfo: string): Map<string, string> {
  const roots = new Map<string, string>();
  const add = (name: string, point: string): void => {
    if (!roots.has(name) || point.startsWith(`${home}/`)) roots.set(name, point);
  };
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [type, , options = ''] = right.split(' ');
    const point = left.split(' ')[4] ?? '';
    if (type === 'cgroup2') add('unified', point);
    if (type === 'cgroup') for (const option of options.split(',')) if (option !== 'rw') add(option, point);
  }
  return roots;
}
