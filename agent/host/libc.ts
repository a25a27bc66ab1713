import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';
import type koffi from 'koffi';

/** System calls that Node has no function for. Each returns nothing or throws an Error with the `code` of errno. */
export interface Libc {
  mount(source: string, target: string, type: string, flags: number, data: string): void;
  umount2(target: string, flags: number): void;
  unshare(flags: number): void;
  setns(fd: number, type: number): void;
  sethostname(name: string): void;
}

/** `error.code` of a failed call, as ENOENT. */
export function errnoCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

const loaded: { libc?: Libc | undefined; tried: boolean } = { tried: false };

/** The C library by koffi, loaded at the first call; undefined where koffi does not load: callers then spawn a program. */
export function libc(): Libc | undefined {
  if (!loaded.tried) {
    loaded.tried = true;
    loaded.libc = load();
  }
  return loaded.libc;
}

function load(): Libc | undefined {
  try {
    return bind(createRequire(import.meta.url)('koffi') as typeof koffi);
  } catch {
    return undefined;
  }
}

function bind(ffi: typeof koffi): Libc {
  const self = ffi.load(null);
  const call = (prototype: string, name: string): ((...values: unknown[]) => void) => {
    const native = self.func(prototype);
    return (...values) => {
      if (native(...values) !== 0) throw errnoError(name, ffi.errno());
    };
  };
  const sethostname = call('int sethostname(const char*, size_t)', 'sethostname');
  return {
    mount: call('int mount(const char*, const char*, const char*, unsigned long, const char*)', 'mount'),
    umount2: call('int umount2(const char*, int)', 'umount2'),
    unshare: call('int unshare(int)', 'unshare'),
    setns: call('int setns(int, int)', 'setns'),
    sethostname: (name) => sethostname(name, Buffer.byteLength(name)),
  };
}

function errnoError(call: string, errno: number): Error {
  const [code, message] = getSystemErrorMap().get(-errno) ?? [`E${String(errno)}`, 'unknown error'];
  return Object.assign(new Error(`${call}: ${message} (${code})`), { code, errno, syscall: call });
}
