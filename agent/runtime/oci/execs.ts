import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../shared/clock.ts';
import { ApiError } from '../../../shared/errors.ts';
import { writeAtomic } from '../../host/files.ts';
import { readPid, statOf } from '../../host/processes.ts';
import { plainEnv, spawnChild } from '../../host/run.ts';
import type { ExecOptions, ExecProcess, ExecResult } from '../driver.ts';
import type { ContainerEntry } from './container-table.ts';
import { ExecStart } from './exec-start.ts';
import { Gate } from './gate.ts';
import { type OciHost, runtimeNamed } from './host.ts';
import { bundleFiles, type Layout } from './layout.ts';
import { cgroupOf } from './records.ts';
import { killSession } from './session.ts';
import type { OciSpec } from './spec/oci-spec.ts';
import { spawnTerminal } from './terminal.ts';

interface ExecsDeps {
  host: OciHost;
  layout: Layout;
  cgroupParent: string;
  /** Probes at once. */
  gate: Gate;
  clock: Clock;
}

/** One `runtime exec` call: its arguments and its files. */
interface Call {
  command: string;
  args: string[];
  /** When the command in the container was started; undefined before. */
  startedAt(): Promise<number | undefined>;
  /** False when it has not been started, or has ended. */
  isRunning(): Promise<boolean>;
  /** Kills the command and what came of it. */
  kill(): Promise<void>;
  cleanUp(): Promise<void>;
}

const maxSyncBytes = 16 << 10;
/** What the runtime may take on a busy host to start a command, or to report that it has ended. */
const runtimeMs = 10_000;
const lookAgainMs = 100;

/** Runs commands in containers through the runtime's exec. */
export class Execs {
  readonly #deps: ExecsDeps;
  #serial = 0;

  constructor(deps: ExecsDeps) {
    this.#deps = deps;
  }

  async exec(entry: ContainerEntry, { command, tty, stdin, signal }: ExecOptions): Promise<ExecProcess> {
    const call = await this.#prepare(entry, command, tty);
    try {
      signal.throwIfAborted();
      return tty ? this.#withTerminal(call, signal) : await this.#withPipes(call, stdin, signal);
    } catch (error) {
      await call.cleanUp();
      throw error;
    }
  }

  /** The limit is of the command alone: what the runtime needs before and after it on a busy host is no fault of it. */
  execSync(entry: ContainerEntry, command: string[], timeoutMs: number): Promise<ExecResult> {
    return this.#deps.gate.run(async () => {
      const call = await this.#prepare(entry, command, false);
      const late = new AbortController();
      const ended = new AbortController();
      this.#waitUntilLate(call, timeoutMs, ended.signal).then(
        () => late.abort(new ApiError('Timeout', 'the command did not end in time')),
        () => undefined,
      );
      try {
        const running = await this.#withPipes(call, false, late.signal);
        const output = new Head(maxSyncBytes);
        await Promise.all([output.read(running.stdout), output.read(running.stderr)]);
        return { exitCode: await running.exitCode, output: output.text(), timedOut: late.signal.aborted };
      } catch (error) {
        await call.cleanUp();
        throw error;
      } finally {
        ended.abort();
      }
    });
  }

  /** Until the command has run for `timeoutMs`, or the runtime takes too long; rejects when the signal aborts. */
  async #waitUntilLate(call: Call, timeoutMs: number, ended: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const giveUp = clock.monotonic() + timeoutMs + runtimeMs;
    let wait = timeoutMs;
    while (clock.monotonic() < giveUp) {
      await clock.sleep(wait, ended);
      const startedAt = await call.startedAt();
      const left = startedAt === undefined ? lookAgainMs : startedAt + timeoutMs - clock.now();
      if (left <= 0 && (await call.isRunning())) return;
      wait = Math.min(timeoutMs, Math.max(lookAgainMs, left));
    }
  }

  async #withPipes(call: Call, stdin: boolean, signal: AbortSignal): Promise<ExecProcess> {
    const child = await spawnChild(call.command, call.args);
    const onAbort = (): void => void call.kill().finally(() => child.kill());
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    if (!stdin) child.stdin.end();
    const start = new ExecStart(async () => (await call.startedAt()) !== undefined);
    const stderr = start.screen(child.stderr, '\n');
    const exitCode = finish(call, child.exitCode, start, () => signal.removeEventListener('abort', onAbort));
    exitCode.catch(() => undefined); // not every caller waits for it
    const write = (bytes: Uint8Array): Promise<void> =>
      new Promise((resolve, reject) => {
        child.stdin.write(bytes, (error) => (error === undefined || error === null ? resolve() : reject(error)));
      });
    const { stdout } = child;
    return { stdout, stderr, write, exitCode, endInput: () => child.stdin.end(), resize: () => undefined };
  }

  #withTerminal(call: Call, signal: AbortSignal): ExecProcess {
    const terminal = spawnTerminal(call.command, call.args, plainEnv());
    const onAbort = (): void => void call.kill().finally(() => terminal.kill());
    signal.addEventListener('abort', onAbort, { once: true });
    const start = new ExecStart(async () => (await call.startedAt()) !== undefined);
    const stdout = start.screen(terminal.output, '\r\n');
    const exitCode = finish(call, terminal.exitCode, start, () => signal.removeEventListener('abort', onAbort));
    exitCode.catch(() => undefined);
    return {
      stdout,
      stderr: noBytes(),
      exitCode,
      write: (bytes) => Promise.resolve(terminal.write(bytes)),
      endInput: () => terminal.write(Uint8Array.of(4)), // what a terminal sends for the end of input
      resize: terminal.resize,
    };
  }

  async #prepare(entry: ContainerEntry, command: string[], tty: boolean): Promise<Call> {
    const { id, name, pod, phase, runtime: runtimeName } = entry.record;
    if (phase !== 'running') throw new ApiError('Conflict', `container ${name} is not running`);
    const { host, layout, cgroupParent } = this.#deps;
    const files = bundleFiles(layout, id);
    const runtime = await runtimeNamed(host, runtimeName);
    this.#serial += 1;
    const stem = join(files.bundle, `exec-${String(process.pid)}-${String(this.#serial)}`);
    const [processFile, pidFile] = [`${stem}.json`, `${stem}.pid`];
    const { process: base } = JSON.parse(await readFile(files.config, 'utf8')) as OciSpec;
    const env = tty && !base.env.some((entry) => entry.startsWith('TERM=')) ? [...base.env, 'TERM=xterm'] : base.env;
    await writeAtomic(processFile, JSON.stringify({ ...base, args: command, env, terminal: tty }));
    const root = ['--root', join(layout.runtimeRoots, runtime.name)];
    return {
      command: runtime.path,
      args: [...root, 'exec', ...(tty ? ['-t'] : []), '--pid-file', pidFile, '--process', processFile, id],
      startedAt: () => changedAt(pidFile),
      isRunning: async () => ![undefined, 'Z', 'X'].includes(statOf(await readPid(pidFile))?.state),
      kill: async () => {
        const pid = await readPid(pidFile);
        if (pid > 0) await killSession(host.cgroups, cgroupOf(cgroupParent, pod, id), pid);
      },
      cleanUp: async () => {
        await Promise.all([rm(processFile, { force: true }), rm(pidFile, { force: true })]);
      },
    };
  }
}

/** The first bytes of several streams, in order of arrival; what follows is read and dropped. */
class Head {
  readonly #chunks: Uint8Array[] = [];
  #room: number;

  constructor(maxBytes: number) {
    this.#room = maxBytes;
  }

  async read(stream: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of stream) {
      const kept = chunk.subarray(0, this.#room);
      this.#room -= kept.length;
      if (kept.length > 0) this.#chunks.push(kept);
    }
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

/** The code of the command; 126 or 127, as a shell says, when it could not be executed. */
async function finish(call: Call, ended: Promise<number>, start: ExecStart, release: () => void): Promise<number> {
  try {
    return await start.judge(await ended);
  } finally {
    release();
    await call.cleanUp();
  }
}

async function* noBytes(): AsyncGenerator<Uint8Array> {
  // Both streams of a command come out of its terminal as one.
}

/** In milliseconds since 1970; undefined when there is no such file. */
async function changedAt(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
