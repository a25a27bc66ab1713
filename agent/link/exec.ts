import { channel, type ByteStream, type Channel } from '../../shared/bus/byte-stream.ts';
import type { NodeExecRequest } from '../../shared/bus/messages.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Status } from '../../shared/objects/types.ts';
import { Scope } from '../../shared/scope.ts';
import type { ContainerId, ExecProcess, RuntimeDriver } from '../runtime/driver.ts';

/** Commands in running containers, by the channels of `v5.channel.k8s.io`. */
export class ExecCalls {
  readonly #driver: Pick<RuntimeDriver, 'listContainers' | 'exec'>;

  constructor(driver: Pick<RuntimeDriver, 'listContainers' | 'exec'>) {
    this.#driver = driver;
  }

  /** Always ends with a Status: without one the caller would take a failure for success. */
  async run(request: NodeExecRequest, stream: ByteStream, signal: AbortSignal): Promise<void> {
    const scope = new Scope('exec');
    const stop = (): void => void scope.close();
    signal.addEventListener('abort', stop, { once: true, signal: scope.signal });
    try {
      await stream.write(channel.error, encode(await this.#runIn(scope, request, stream)));
    } finally {
      await scope.close();
    }
  }

  async #runIn(scope: Scope, request: NodeExecRequest, stream: ByteStream): Promise<Status> {
    const { command, tty, stdin, stdout, stderr } = request;
    let running: ExecProcess;
    try {
      const id = await this.#find(request);
      if (id === undefined) return internalError(`container not found ("${request.container}")`);
      running = await this.#driver.exec(id, { command, tty, stdin, signal: scope.signal });
    } catch (error) {
      return internalError(messageOf(error));
    }
    // Reading ends when the caller has gone: then nobody wants the command any more.
    void follow(stream, running).then(() => scope.close());
    const output = Promise.all([
      copy(running.stdout, stream, channel.stdout, stdout),
      copy(running.stderr, stream, channel.stderr, stderr && !tty),
    ]);
    // A caller that went away breaks the copying; the command ends by the signal.
    output.catch(() => scope.close());
    const code = await running.exitCode;
    await output;
    return statusOf(code);
  }

  async #find({ uid, container }: NodeExecRequest): Promise<ContainerId | undefined> {
    const found = (await this.#driver.listContainers())
      .filter(({ pod, name, state }) => pod.uid === uid && name === container && state === 'running')
      .sort((a, b) => b.attempt - a.attempt);
    return found[0]?.id;
  }
}

/** Hands input and window sizes to the command until the session is over. */
async function follow(stream: ByteStream, running: ExecProcess): Promise<void> {
  try {
    for await (const chunk of stream) {
      if (chunk.channel === channel.resize) resize(running, chunk.bytes);
      else if (chunk.channel !== channel.stdin) continue;
      else if (chunk.bytes.length === 0) running.endInput();
      else await writeInput(running, chunk.bytes);
    }
  } catch {
    // The session failed: it is over as well.
  }
}

/** A command may close its input and go on. */
async function writeInput(running: ExecProcess, bytes: Uint8Array): Promise<void> {
  try {
    await running.write(bytes);
  } catch {
    running.endInput();
  }
}

function resize(running: ExecProcess, bytes: Uint8Array): void {
  try {
    const { Width, Height } = JSON.parse(new TextDecoder().decode(bytes)) as { Width?: unknown; Height?: unknown };
    if (isSize(Width) && isSize(Height)) running.resize(Width, Height);
  } catch {
    // Not a window size: the window stays as it is.
  }
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) < 65_536;
}

/** Reads to the end, whether it is wanted or not: else the command would block. */
async function copy(
  source: AsyncIterable<Uint8Array>,
  stream: ByteStream,
  to: Channel,
  wanted: boolean,
): Promise<void> {
  for await (const bytes of source) if (wanted && bytes.length > 0) await stream.write(to, bytes);
}

function statusOf(code: number): Status {
  if (code === 0) return { metadata: {}, status: 'Success' };
  return {
    metadata: {},
    status: 'Failure',
    reason: 'NonZeroExitCode',
    message: `command terminated with non-zero exit code: exit status ${code}`,
    details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
  };
}

function internalError(message: string): Status {
  return { metadata: {}, status: 'Failure', reason: 'InternalError', message, code: 500 };
}

function encode(status: Status): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ kind: 'Status', apiVersion: 'v1', ...status }));
}
