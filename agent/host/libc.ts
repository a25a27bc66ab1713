import { createRequire } from 'node:module';
import { getSystemErrorMap } from 'node:util';
import type koffi from 'koffi';

/** System calls that Node has no function for. Each throws an Error with the `code` of errno when it fails. */
export interface Libc {
  mount(source: string, target: string, type: string, flags: number, data: string): void;
  umount2(target: string, flags: number): void;
  unshare(flags: number): void;
  setns(fd: number, type: number): void;
  sethostname(name: string): void;
  mkfifo(path: string, mode: number): void;
  /** File descriptor of a new socket; close it with fs.closeSync. */
  socket(domain: number, type: number, protocol: number): number;
  /** `address` is a whole struct sockaddr. */
  connect(fd: number, address: Uint8Array): void;
  shutdown(fd: number, how: number): void;
  ioctl(fd: number, request: number, argument: Uint8Array): void;
  /** On another thread: a netlink request waits for the kernel's one lock. */
  send(fd: number, bytes: Uint8Array): Promise<void>;
  /** At once, or with EAGAIN when there is no room; never with a signal. */
  sendNow(fd: number, bytes: Uint8Array): void;
  /** Number of bytes received into `bytes`. */
  recv(fd: number, bytes: Uint8Array): number;
  /** A copy of what is mounted at `path`, as a file descriptor; close it with fs.closeSync. */
  openTree(path: string, flags: number): number;
  /** `attributes` is a struct mount_attr. */
  mountSetattr(fd: number, flags: number, attributes: Uint8Array): void;
  moveMount(fd: number, path: string, flags: number): void;
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): void;
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

/** The same on every architecture that Linux got after 2019. */
const pidfdSendSignalNumber = 424;
const pidfdOpenNumber = 434;
const openTreeNumber = 428;
const moveMountNumber = 429;
const mountSetattrNumber = 442;
const currentDirectory = -100;
const dontWait = 0x40;
const noSignal = 0x4000;

function bind(ffi: typeof koffi): Libc {
  const self = ffi.load(null);
  const call = (prototype: string): ((...values: unknown[]) => number) => {
    const native = self.func(prototype);
    return (...values) => {
      const result: unknown = native(...values);
      if (typeof result !== 'number' || result < 0) throw errnoError(prototype.split(/[ (]/)[1] ?? '', ffi.errno());
      return result;
    };
  };
  const sethostname = call('int sethostname(const char*, size_t)');
  const syscall = call('long syscall(long, ...)');
  const send = self.func('long send(int, const void*, size_t, int)');
  const connect = call('int connect(int, const void*, unsigned int)');
  const sendNow = call('long send(int, const void*, size_t, int)');
  const recv = call('long recv(int, void*, size_t, int)');
  return {
    mount: call('int mount(const char*, const char*, const char*, unsigned long, const char*)'),
    umount2: call('int umount2(const char*, int)'),
    unshare: call('int unshare(int)'),
    setns: call('int setns(int, int)'),
    mkfifo: call('int mkfifo(const char*, unsigned int)'),
    socket: call('int socket(int, int, int)'),
    connect: (fd, address) => connect(fd, address, address.length),
    shutdown: call('int shutdown(int, int)'),
    sendNow: (fd, bytes) => sendNow(fd, bytes, bytes.length, dontWait | noSignal),
    ioctl: call('int ioctl(int, unsigned long, void*)'),
    sethostname: (name) => sethostname(name, Buffer.byteLength(name)),
    send: (fd, bytes) =>
      new Promise((resolve, reject) => {
        send.async(fd, bytes, bytes.length, 0, (error: Error | null, sent: number) => {
          if (error !== null || sent !== bytes.length) reject(error ?? new Error('send failed'));
          else resolve();
        });
      }),
    recv: (fd, bytes) => recv(fd, bytes, bytes.length, 0),
    openTree: (path, flags) => syscall(openTreeNumber, 'int', currentDirectory, 'const char*', path, 'int', flags),
    mountSetattr: (fd, flags, attributes) =>
      syscall(mountSetattrNumber, 'int', fd, 'const char*', '', 'int', flags, 'void*', attributes, 'size_t', 32),
    moveMount: (fd, path, flags) =>
      syscall(
        moveMountNumber,
        'int',
        fd,
        'const char*',
        '',
        'int',
        currentDirectory,
        'const char*',
        path,
        'int',
        flags,
      ),
    pidfdOpen: (pid) => syscall(pidfdOpenNumber, 'long', pid, 'long', 0),
    pidfdSendSignal: (pidfd, signal) =>
      syscall(pidfdSendSignalNumber, 'long', pidfd, 'long', signal, 'long', 0, 'long', 0),
  };
}

/** What Node has no name for, since its own calls never give it. */
const otherNames: Readonly<Record<number, [string, string]>> = { 115: ['EINPROGRESS', 'operation now in progress'] };

function errnoError(call: string, errno: number): Error {
  const [code, message] = getSystemErrorMap().get(-errno) ??
    otherNames[errno] ?? [`E${String(errno)}`, 'unknown error'];
  return Object.assign(new Error(`${call}: ${message} (${code})`), { code, errno, syscall: call });
}
