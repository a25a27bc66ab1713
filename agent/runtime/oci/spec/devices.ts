import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { OciDevice, OciResources } from './oci-spec.ts';

/** null, zero, full, random, urandom, tty, ptmx and the container's own terminals. */
const allowed: [number, number | undefined][] = [
  [1, 3],
  [1, 5],
  [1, 7],
  [1, 8],
  [1, 9],
  [5, 0],
  [5, 2],
  [136, undefined],
];

/** Device rules: all for a privileged container. Else every node may be made, as image tools do, but only the harmless ones work. */
export function deviceRules(isPrivileged: boolean): OciResources['devices'] {
  if (isPrivileged) return [{ allow: true, access: 'rwm' }];
  return [
    { allow: false, access: 'rwm' },
    { allow: true, type: 'c', access: 'm' },
    { allow: true, type: 'b', access: 'm' },
    ...allowed.map(([major, minor]) => ({
      allow: true,
      type: 'c',
      major,
      ...(minor === undefined ? {} : { minor }),
      access: 'rwm',
    })),
  ];
}

const maxDevices = 4096;
const skipped = new Set(['pts', 'shm', 'mqueue', 'fd', 'console', 'ptmx']);

/** The devices of the host, for a privileged container. */
export async function hostDevices(folder = '/dev'): Promise<OciDevice[]> {
  const found: OciDevice[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (skipped.has(entry.name) || found.length >= maxDevices) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await hostDevices(path)));
    if (!entry.isCharacterDevice() && !entry.isBlockDevice()) continue;
    const { rdev, mode, uid, gid } = await lstat(path);
    const type = entry.isBlockDevice() ? 'b' : 'c';
    found.push({ path, type, ...splitDevice(rdev), fileMode: mode & 0o777, uid, gid });
  }
  return found;
}

/** glibc's makedev read backwards; a number has more than 32 bits, so no bit operators on the high part. */
function splitDevice(rdev: number): { major: number; minor: number } {
  return {
    major: ((rdev >>> 8) & 0xfff) | (Math.floor(rdev / 2 ** 44) << 12),
    minor: (rdev & 0xff) | (Math.floor(rdev / 2 ** 12) & 0xffffff00),
  };
}
