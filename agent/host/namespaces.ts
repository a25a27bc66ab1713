import { closeSync, existsSync, openSync, statfsSync, writeFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { ApiError, messageOf } from '../../shared/errors.ts';
import { type Libc, libc } from './libc.ts';
import { unmount } from './mounts.ts';
import { quietNamespace } from './quiet-network.ts';
import { run } from './run.ts';

/** Files that keep namespaces alive without a process; only the kinds named are made. */
export interface NamespacePins {
  net?: string;
  ipc?: string;
  uts?: string;
}

export interface NamespaceSetup {
  /** Set in the new uts namespace. */
  hostname: string;
  /** Names with dots, as `net.ipv4.ip_unprivileged_port_start`; they must belong to a namespace that is made. */
  sysctls: Readonly<Record<string, string>>;
  /** Absent: the namespaces belong to the host's users. */
  users?: PodUsers;
}

/** A user namespace that a pod has for itself: who is root in it is nobody on the host. */
export interface PodUsers {
  /** Its pin. */
  path: string;
  /** The id of the host that 0 stands for; `idsPerPod` follow. */
  firstId: number;
}

/** As Kubernetes has it. */
export const idsPerPod = 65_536;

type Kind = keyof NamespacePins;

const cloneFlags: Record<Kind, number> = { net: 0x4000_0000, ipc: 0x0800_0000, uts: 0x0400_0000 };
const bindFlag = 4096;
const nsfsMagic = 0x6e73_6673;

/**
 * Makes namespaces, a network one quiet and with its loopback interface up, and pins each at its path. Removes what it
 * made when it fails: with Invalid when the kernel refuses a sysctl.
 */
export async function pinNamespaces(pins: NamespacePins, setup: NamespaceSetup): Promise<void> {
  const wanted = Object.entries(pins) as [Kind, string][];
  if (wanted.length === 0) return;
  const { users } = setup;
  const paths = [...wanted.map(([, path]) => path), ...(users === undefined ? [] : [users.path])];
  for (const path of paths) await writeFile(path, '', { mode: 0o600 });
  try {
    const native = libc();
    if (native === undefined || users !== undefined) await spawnPins(wanted, setup);
    else withNewNamespaces(native, wanted, setup);
  } catch (error) {
    for (const path of paths) await unpin(path);
    if (error instanceof ApiError) throw error;
    throw new ApiError('InternalError', `namespaces: ${messageOf(error)}`, {}, { cause: error });
  }
}

/** Lets go of a namespace: it ends with its last process. Succeeds when it is gone. */
export async function unpin(path: string): Promise<void> {
  await unmount(path);
  await rm(path, { force: true });
}

/** True while the file holds a namespace. At once: these files are in memory, and every look at a pod asks. */
export function isPinned(path: string): boolean {
  try {
    return statfsSync(path).type === nsfsMagic;
  } catch {
    return false;
  }
}

/** Runs `work` in a pinned network namespace; nothing in it may wait. Needs native calls. */
export function insideNetwork<T>(native: Libc, pin: string, work: () => T): T {
  const there = openSync(pin, 'r');
  try {
    return comingBack(native, ['net'], () => {
      native.setns(there, cloneFlags.net);
      return work();
    });
  } finally {
    closeSync(there);
  }
}

function withNewNamespaces(native: Libc, wanted: [Kind, string][], setup: NamespaceSetup): void {
  const kinds = wanted.map(([kind]) => kind);
  comingBack(native, kinds, () => {
    native.unshare(kinds.reduce((flags, kind) => flags | cloneFlags[kind], 0));
    for (const [kind, path] of wanted) native.mount(`/proc/thread-self/ns/${kind}`, path, 'none', bindFlag, '');
    if (kinds.includes('uts')) native.sethostname(setup.hostname);
    if (kinds.includes('net')) {
      for (const [path, value] of quietSettings()) writeFileSync(path, value);
      setLoopbackUp(native);
    }
    for (const [name, value] of Object.entries(setup.sysctls)) writeSysctl(name, value);
  });
}

/**
 * One synchronous stretch on this thread that ends in the namespaces it began in. A thread that cannot come back would
 * run the whole agent inside a pod: then it is better not to run.
 */
function comingBack<T>(native: Libc, kinds: Kind[], work: () => T): T {
  const home = kinds.map((kind) => ({ kind, fd: openSync(`/proc/thread-self/ns/${kind}`, 'r') }));
  try {
    return work();
  } finally {
    for (const { kind, fd } of home) {
      try {
        native.setns(fd, cloneFlags[kind]);
      } catch {
        process.abort();
      }
      closeSync(fd);
    }
  }
}

const inetFamily = 2;
const datagram = 2;
const getInterfaceFlags = 0x8913;
const setInterfaceFlags = 0x8914;
const flagsOffset = 16; // struct ifreq: 16 bytes of name, then the flags

function setLoopbackUp(native: Libc): void {
  const fd = native.socket(inetFamily, datagram, 0);
  try {
    const request = Buffer.alloc(40);
    request.write('lo');
    native.ioctl(fd, getInterfaceFlags, request);
    request.writeInt16LE(request.readInt16LE(flagsOffset) | 1, flagsOffset);
    native.ioctl(fd, setInterfaceFlags, request);
  } finally {
    closeSync(fd);
  }
}

/** Those that this kernel has, which may be one without IPv6. */
function quietSettings(): [path: string, value: string][] {
  return quietNamespace
    .map(([path, value]): [string, string] => [`/proc/sys/${path}`, value])
    .filter(([path]) => existsSync(path));
}

function writeSysctl(name: string, value: string): void {
  try {
    writeFileSync(sysctlPath(name), value);
  } catch (error) {
    throw refusedSysctl(`${sysctlPath(name)}: ${messageOf(error)}`, error);
  }
}

function refusedSysctl(problem: string, cause?: unknown): ApiError {
  return new ApiError('Invalid', `the kernel refuses a sysctl: ${problem}`, {}, { cause });
}

/** A part of the name that has a dot itself has a slash for it. */
function sysctlPath(name: string): string {
  return `/proc/sys/${name.replace(/[./]/g, (character) => (character === '.' ? '/' : '.'))}`;
}

const refusedSysctlCode = 3;
const shellSetup = `
if [ -n "$1" ]; then hostname "$1" || exit 1; fi
quiet=$3
isNet=$2
shift 3
while [ $quiet -gt 0 ]; do printf %s "$2" > "$1" || exit 1; shift 2; quiet=$((quiet - 1)); done
if [ "$isNet" = net ]; then ip link set lo up || exit 1; fi
while [ $# -gt 0 ]; do printf %s "$2" > "$1" || { echo "$1" >&2; exit ${refusedSysctlCode}; }; shift 2; done
`;

async function spawnPins(wanted: [Kind, string][], setup: NamespaceSetup): Promise<void> {
  const kinds = wanted.map(([kind]) => kind);
  const own = Object.entries(setup.sysctls).flatMap(([name, value]) => [sysctlPath(name), value]);
  const quiet = kinds.includes('net') ? quietSettings() : [];
  const hostname = kinds.includes('uts') ? setup.hostname : '';
  const flags = wanted.map(([kind, path]) => `--${kind}=${path}`);
  const isNet = kinds.includes('net') ? 'net' : '';
  const counted = [String(quiet.length), ...quiet.flat(), ...own];
  const script = ['sh', '-c', shellSetup, 'sh', hostname, isNet, ...counted];
  const { users } = setup;
  if (users !== undefined) await pinWithUsers(wanted, users);
  const command = users === undefined ? ['unshare'] : ['nsenter', `--user=${users.path}`];
  await runOrThrow([...command, ...flags, ...script]);
}

/** Its first process gets its users from outside, and is gone when the pins hold the namespaces. */
const userSetup = `
unshare --user --net --ipc --uts sh -c 'echo $$; exec sleep 60' | {
  read -r pid || exit 1
  (
    echo "0 $1 $2" > "/proc/$pid/uid_map" && echo "0 $1 $2" > "/proc/$pid/gid_map" && shift 2 || exit 1
    while [ $# -gt 0 ]; do mount --bind "/proc/$pid/ns/$1" "$2" || exit 1; shift 2; done
  )
  status=$?
  kill "$pid"
  exit $status
}`;

async function pinWithUsers(wanted: [Kind, string][], { path, firstId }: PodUsers): Promise<void> {
  const pins = [['user', path], ...wanted].flat();
  await runOrThrow(['sh', '-c', userSetup, 'sh', String(firstId), String(idsPerPod), ...pins]);
}

async function runOrThrow([command = '', ...args]: string[]): Promise<void> {
  const { code, stderr } = await run(command, args, { timeoutMs: 30_000 });
  if (code === refusedSysctlCode) throw refusedSysctl(stderr.trim());
  if (code !== 0) throw new Error(stderr.trim());
}
