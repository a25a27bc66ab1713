import { constants } from 'node:fs';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AgentPaths } from '../paths.ts';
import type { PodIdentity } from '../runtime/driver.ts';

const maxMessageBytes = 4096;

/** Where a pod's logs are. */
export function logDirectoryOf(paths: AgentPaths, { namespace, name, uid }: PodIdentity): string {
  return join(paths.logs, `${namespace}_${name}_${uid}`);
}

export function logPathOf(paths: AgentPaths, pod: PodIdentity, container: string, attempt: number): string {
  return join(logDirectoryOf(paths, pod), container, `${String(attempt)}.log`);
}

/** Not inside the pod's volumes: a container reaches it only by its own mount. */
export function terminationLogOf(paths: AgentPaths, uid: string, container: string, attempt: number): string {
  return join(terminationDirectoryOf(paths, uid), `${container}.${String(attempt)}`);
}

/** What the containers of a pod leave at their terminationMessagePath. */
export function terminationDirectoryOf(paths: AgentPaths, uid: string): string {
  return join(paths.pods, uid, 'termination');
}

/** Makes the files a new attempt finds. The message file is writable for whoever the container runs as. */
export async function prepareFiles(logPath: string, terminationLog: string): Promise<void> {
  await mkdir(dirname(logPath), { recursive: true, mode: 0o700 });
  await mkdir(dirname(terminationLog), { recursive: true, mode: 0o700 });
  await rm(terminationLog, { force: true });
  const file = await open(terminationLog, 'wx', 0o666);
  await file.chmod(0o666);
  await file.close();
}

export async function removeTerminationLogs(paths: AgentPaths, uid: string): Promise<void> {
  await rm(terminationDirectoryOf(paths, uid), { recursive: true, force: true });
}

/** The last 4 KiB of what a container left at its terminationMessagePath; '' when there is nothing. */
export async function readTerminationMessage(path: string): Promise<string> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size } = await file.stat();
      const length = Math.min(size, maxMessageBytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.subarray(0, bytesRead).toString('utf8');
    } finally {
      await file.close();
    }
  } catch {
    return '';
  }
}
