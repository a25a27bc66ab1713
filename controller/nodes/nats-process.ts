import { execFile, spawn } from 'node:child_process';
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { messageOf } from '../../shared/errors.ts';
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../../shared/process-identity.ts';
import { isAtLeast, parseVersion, type Version } from './nats-config.ts';

const run = promisify(execFile);
const oldest = [2, 9, 10] as const;

/** Throws with what to install when there is no server, or an older one than is known to work. */
export async function findVersion(binary: string): Promise<Version> {
  const wanted = `nats-server ${oldest.join('.')} or newer is needed`;
  let output: string;
  try {
    output = (await run(binary, ['-v'], { timeout: 10_000 })).stdout;
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const problem = isMissing ? `${binary} is not installed` : `${binary} -v failed: ${messageOf(error)}`;
    throw new Error(`${problem}; ${wanted}: install the package "nats-server"`, { cause: error });
  }
  const version = parseVersion(output);
  if (version === undefined) throw new Error(`${binary} -v says "${output.trim()}"; ${wanted}`);
  if (!isAtLeast(version, oldest)) throw new Error(`${binary} is ${output.trim()}; ${wanted}`);
  return version;
}

/** Throws with the server's own words when it would not start with this file. */
export async function checkConfig(binary: string, configFile: string): Promise<void> {
  try {
    await run(binary, ['-t', '-c', configFile], { timeout: 10_000 });
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`nats-server refuses its configuration: ${(stderr ?? messageOf(error)).trim()}`, { cause: error });
  }
}

const pidBytes = 10;

/**
 * Starts a server that outlives this process: own session, no pipe to the parent. Its number is in `pidFile` at once: a
 * controller that is killed must still find its child. Written in place, since a full disk has no room for another file;
 * the server itself would not start if it could not write one.
 */
export function spawnServer(binary: string, configFile: string, outputFile: string, pidFile: string): Promise<number> {
  const output = openSync(outputFile, 'a', 0o600);
  const numbers = openSync(pidFile, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    writeSync(numbers, ' '.repeat(pidBytes), 0);
    const child = spawn(binary, ['-c', configFile], { detached: true, stdio: ['ignore', output, output] });
    writeSync(numbers, String(child.pid ?? '').padEnd(pidBytes), 0);
    child.unref();
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
  } finally {
    closeSync(output);
    closeSync(numbers);
  }
}

/** The process that has this number now, if it is a server on this configuration file. */
export async function findServer(pid: number, configFile: string): Promise<ProcessIdentity | undefined> {
  const identity = identifyProcess(pid);
  if (identity === undefined) return undefined;
  try {
    const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0');
    return command.includes(configFile) ? identity : undefined;
  } catch {
    return undefined; // it ended meanwhile
  }
}

/** False when that very process has gone. */
export function signalServer(server: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isSameProcess(server)) return false;
  try {
    process.kill(server.pid, signal);
    return true;
  } catch {
    return false; // it went in between
  }
}
