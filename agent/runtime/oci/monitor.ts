import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { ApiError } from '../../../shared/errors.ts';
import { identify, type ProcessIdentity, readPid, signalProcess } from '../../host/processes.ts';
import type { ContainerId } from '../driver.ts';
import { makeFifo, readFifo, withFifoWriter } from './fifo.ts';
import type { OciRuntime } from './runtime-choice.ts';

export interface MonitorOptions {
  /** Path of conmon. */
  monitor: string;
  id: ContainerId;
  name: string;
  runtime: OciRuntime;
  runtimeRoot: string;
  bundle: string;
  pidFile: string;
  monitorPidFile: string;
  alive: string;
  exits: string;
  logPath: string;
  tty: boolean;
  stdin: boolean;
  stdinOnce: boolean;
  deadlineMs: number;
  /** Moves the monitor, not yet forked, to where it outlives this process. */
  place: (pid: number) => void;
}

/** A created container and what watches it. `process` is undefined when it has ended already. */
export interface MonitoredProcess {
  process: ProcessIdentity | undefined;
  monitor: ProcessIdentity | undefined;
  /** Ends when the monitor does. */
  alive: Socket;
}

const maxAnswerBytes = 256 << 10;

/**
 * Creates a container under conmon, which then holds its log and writes its exit code, with or without this process.
 * Throws BadRequest with the runtime's words when the runtime refuses, Timeout when there is no answer; then the caller cleans up.
 */
export async function createMonitored(options: MonitorOptions): Promise<MonitoredProcess> {
  await makeFifo(options.alive);
  const alive = await readFifo(options.alive);
  try {
    const answer = await withFifoWriter(options.alive, (fd) => spawnMonitor(options, fd));
    const pid = parseAnswer(answer);
    const monitorPid = Number(await readFile(options.monitorPidFile, 'utf8'));
    return { process: await identify(pid), monitor: await identify(monitorPid), alive };
  } catch (error) {
    alive.destroy();
    throw error;
  }
}

async function spawnMonitor(options: MonitorOptions, aliveFd: number): Promise<string> {
  const child = spawn(options.monitor, argumentsFor(options), {
    cwd: options.bundle,
    detached: true,
    env: {
      PATH: process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      TZ: 'UTC',
      _OCI_SYNCPIPE: '3',
      _OCI_STARTPIPE: '4',
    },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe', aliveFd],
  });
  child.on('error', () => undefined);
  await once(child, 'spawn');
  const [, , errors, sync, start] = child.stdio as [null, null, Readable, Socket, Socket];
  start.on('error', () => undefined);
  if (child.pid !== undefined) options.place(child.pid);
  start.end('\0');
  try {
    return await answerWithin(child, sync, errors, options.deadlineMs);
  } catch (error) {
    await killMonitor(child, options.monitorPidFile);
    throw error;
  } finally {
    sync.destroy();
    errors.destroy();
    start.destroy();
  }
}

/** Resolves with the first line of the sync pipe. */
function answerWithin(child: ChildProcess, sync: Readable, errors: Readable, deadlineMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    let complaint = '';
    const late = (): void =>
      reject(new ApiError('Timeout', `the runtime did not answer within ${String(deadlineMs)} ms`));
    const timer = setTimeout(late, deadlineMs);
    const finish = (): void => {
      clearTimeout(timer);
      if (answer !== '') resolve(answer);
      else reject(new ApiError('InternalError', `conmon failed: ${complaint.trim() || 'no reason given'}`));
    };
    errors.on('data', (chunk: Buffer) => {
      if (complaint.length < maxAnswerBytes) complaint += chunk.toString('utf8');
    });
    sync.on('data', (chunk: Buffer) => {
      if (answer.length < maxAnswerBytes) answer += chunk.toString('utf8');
      if (answer.includes('\n')) finish();
    });
    sync.once('end', finish);
    sync.once('error', finish);
    child.once('error', finish);
  });
}

/** `{"data": <pid>}`, or -1 and the runtime's words. conmon before 2.1.9 does not escape all of them. */
function parseAnswer(line: string): number {
  let pid = Number(/"(?:data|pid)"\s*:\s*(-?\d+)/.exec(line)?.[1] ?? -1);
  let message = /"message"\s*:\s*"(.*)"\s*}/s.exec(line)?.[1] ?? line.trim();
  try {
    const answer = JSON.parse(line) as { data?: number; pid?: number; message?: string };
    pid = answer.data ?? answer.pid ?? -1;
    message = answer.message ?? message;
  } catch {
    // What the expressions above found has to do.
  }
  if (pid > 0) return pid;
  throw new ApiError('BadRequest', runtimeWords(message));
}

/** The runtimes write `time="…" level=error msg="…"`; what people want to read is the last `msg`. */
export function runtimeWords(output: string): string {
  const quoted = [...output.matchAll(/msg=("(?:[^"\\]|\\.)*")/g)].at(-1)?.[1];
  // crun writes a time before its words.
  if (quoted === undefined) return output.trim().replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z: /, '');
  return quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}

/** conmon leads a session in which the runtime runs too. */
async function killMonitor(child: ChildProcess, monitorPidFile: string): Promise<void> {
  child.kill('SIGKILL');
  const pid = await readPid(monitorPidFile);
  const monitor = await identify(pid);
  if (monitor === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    await signalProcess(monitor, 'SIGKILL');
  }
}

function argumentsFor(options: MonitorOptions): string[] {
  const { id, name, runtime, runtimeRoot, bundle, pidFile, monitorPidFile, logPath, exits, tty } = options;
  const { stdin, stdinOnce } = options;
  const args = [
    ['--api-version', '-c', id, '-u', id, '-n', name, '-r', runtime.path, '--runtime-arg', '--root'],
    ['--runtime-arg', runtimeRoot, '-b', bundle, '-p', pidFile, '-P', monitorPidFile, '-l', `k8s-file:${logPath}`],
    ['--exit-dir', exits, '--persist-dir', bundle, '--full-attach', '--no-sync-log', '--log-level', 'error'],
    tty ? ['-t'] : [],
    stdin ? ['-i', ...(stdinOnce ? [] : ['--leave-stdin-open'])] : [],
  ];
  return args.flat();
}
