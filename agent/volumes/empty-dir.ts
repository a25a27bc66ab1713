import { chmod, chown, mkdir, stat } from 'node:fs/promises';
import { readQuantity, unitsOf } from '../../shared/objects/quantity.ts';
import type { Volume } from '../../shared/objects/types.ts';
import { listMounts, mount } from '../host/mounts.ts';

/** A directory that lives as long as its pod; with medium Memory a tmpfs, limited to sizeLimit. Once made it is left alone. */
export async function makeEmptyDir(
  path: string,
  { medium, sizeLimit }: NonNullable<Volume['emptyDir']>,
  group?: number,
): Promise<void> {
  const isThere = (await stat(path).catch(() => undefined)) !== undefined;
  const isMemory = medium === 'Memory';
  const isComplete = isThere && (!isMemory || (await listMounts(path)).includes(path));
  if (isComplete) return;
  await mkdir(path, { recursive: true, mode: 0o755 });
  if (isMemory) {
    const limit = sizeLimit === undefined ? undefined : readQuantity(sizeLimit);
    const size = limit === undefined || limit.nano <= 0n ? '' : `,size=${String(unitsOf(limit))}`;
    await mount('tmpfs', path, 'tmpfs', ['nosuid', 'nodev'], `mode=0777${size}`);
  }
  if (group !== undefined) await chown(path, 0, group);
  await chmod(path, group === undefined ? 0o777 : 0o2777);
}
