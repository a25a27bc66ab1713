import { readFile } from 'node:fs/promises';
import { ApiError } from '../../shared/errors.ts';
import { errnoCode, libc } from './libc.ts';
import { plainEnv, run } from './run.ts';

const flagBits: Record<string, number> = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  remount: 32,
  noatime: 1024,
  bind: 4096,
  rec: 16384,
  unbindable: 1 << 17,
  private: 1 << 18,
  slave: 1 << 19,
  shared: 1 << 20,
};
const propagation = ['unbindable', 'private', 'slave', 'shared'];
const detach = 2;
const noFollow = 8;

/**
 * mount(2). `flags` are words: ro, nosuid, nodev, noexec, noatime, remount, bind, rec, and private, slave, shared,
 * unbindable, which become calls of their own. A bind with ro is made and then remounted, as the kernel wants it.
 */
export async function mount(
  source: string,
  target: string,
  type: string,
  flags: readonly string[],
  data: string,
): Promise<void> {
  const propagating = flags.filter((flag) => propagation.includes(flag));
  const rest = flags.filter((flag) => !propagation.includes(flag));
  const isBind = rest.includes('bind') && !rest.includes('remount');
  const extra = rest.filter((flag) => flag !== 'bind' && flag !== 'rec');
  if (rest.length > 0 || propagating.length === 0) {
    await mountOnce(source, target, type, isBind ? rest.filter((flag) => !extra.includes(flag)) : rest, data);
    if (isBind && extra.length > 0) await mountOnce('none', target, '', ['remount', 'bind', ...extra], '');
  }
  for (const flag of propagating) {
    await mountOnce('none', target, '', rest.includes('rec') ? [flag, 'rec'] : [flag], '');
  }
}

/** Detaches what is mounted last at `target`, lazily; succeeds when nothing is mounted there. Follows no symlink. */
export async function unmount(target: string): Promise<void> {
  const native = libc();
  if (native === undefined) {
    if (!(await listMounts(target)).includes(target)) return;
    const { code, stderr } = await run('umount', ['-l', target], { timeoutMs: 30_000 });
    if (code !== 0) throw new ApiError('InternalError', `unmount ${target}: ${stderr.trim()}`);
    return;
  }
  try {
    native.umount2(target, detach | noFollow);
  } catch (error) {
    const code = errnoCode(error);
    if (code !== 'EINVAL' && code !== 'ENOENT') {
      throw new ApiError('InternalError', `unmount ${target}`, {}, { cause: error });
    }
  }
}

/** Mount points at or below `prefix`, deepest and newest first: the order to unmount them in. Stacked ones appear as often. */
export async function listMounts(prefix: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const points = lines
    .map((line) => line.split(' ')[4] ?? '')
    .map((point) => point.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) => String.fromCharCode(parseInt(octal, 8))))
    .filter((point) => point === prefix || point.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`));
  const depth = (point: string): number => point.split('/').length;
  return points.reverse().sort((a, b) => depth(b) - depth(a));
}

async function mountOnce(source: string, target: string, type: string, flags: string[], data: string): Promise<void> {
  const unknown = flags.filter((flag) => flagBits[flag] === undefined);
  if (unknown.length > 0) throw new ApiError('InternalError', `unknown mount flag ${unknown.join(',')}`);
  const native = libc();
  if (native === undefined) {
    await spawnMount(source, target, type, flags, data);
    return;
  }
  const bits = flags.reduce((sum, flag) => sum | (flagBits[flag] ?? 0), 0);
  try {
    native.mount(source, target, type, bits, data);
  } catch (error) {
    const what = `mount ${type === '' ? flags.join(',') : type} on ${target}`;
    throw new ApiError('InternalError', `${what}: ${String(error)}`, {}, { cause: error });
  }
}

/** mount(8), told to use the old call: the new one refuses overlay options over 256 bytes. */
async function spawnMount(source: string, target: string, type: string, flags: string[], data: string): Promise<void> {
  const words = flags.filter((flag) => flag !== 'rec').map((flag) => (flags.includes('rec') ? recursive(flag) : flag));
  const options = [...words, ...(data === '' ? [] : [data])].join(',');
  const args = [...(type === '' ? [] : ['-t', type]), ...(options === '' ? [] : ['-o', options]), source, target];
  const env = { ...plainEnv(), LIBMOUNT_FORCE_MOUNT2: 'always' };
  const { code, stderr } = await run('mount', args, { timeoutMs: 30_000, env });
  if (code !== 0) throw new ApiError('InternalError', `mount on ${target}: ${stderr.trim()}`);
}

function recursive(flag: string): string {
  return flag === 'bind' || propagation.includes(flag) ? `r${flag}` : flag;
}
