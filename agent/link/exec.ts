import { channel, type ByteStream, type Channel } from '../../shared/bus/byte-stream.ts';
import type { NodeAttachRequest, NodeExecRequest } from '../../shared/bus/messages.ts';
import { ApiError, messageOf } from '../../shared/errors.ts';
import type { Status } from '../../shared/objects/types.ts';
import { Scope } from '../../shared/scope.ts';
import type { ContainerId, ProcessStreams, RuntimeDriver } from '../runtime/driver.ts';

type Driver = Pick<RuntimeDriver, 'listContainers' | 'exec' | 'attach'>;

/**
 * Commands in running containers, and the containers' own processes, by the channels of `v5.channel.k8s.io`. A session
 * always ends with a Status: without one the caller would take a failure for success.
 */
export class ExecCalls {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  run(request: NodeExecRequest, stream: ByteStream, signal: AbortSignal): Promise<void> {
    return serve(stream, signal, (scope) => this.#runIn(scope, request, stream));
  }

  attach(request: NodeAttachRequest, stream: ByteStream, signal: AbortSignal): Promise<void> {
    return serve(stream, signal, (scope) => this.#attachTo(scope, request, stream));
  }

  async #runIn(scope: Scope, request: NodeExecRequest, stream: ByteStream): Promise<Status> {
    const { command, tty, stdin } = request;
    const id = await this.#find(request);
    const running = await this.#driver.exec(id, { command, tty, stdin, signal: scope.signal });
    const output = connect(running, request, stream, scope);
    output.catch(() => undefined); // waited for below
    const code = await running.exitCode;
    await output;
    return statusOf(code);
  }

  /** Its exit code is in the status of the pod. */
  async #attachTo(scope: Scope, request: NodeAttachRequest, stream: ByteStream): Promise<Status> {
    const id = await this.#find(request);
    const running = await this.#driver.attach(id, { stdin: request.stdin, signal: scope.signal });
    await connect(running, request, stream, scope);
    return statusOf(0);
  }

  async #find({ uid, container }: NodeAttachRequest): Promise<ContainerId> {
    const [found] = (await this.#driver.listContainers())
      .filter(({ pod, name, state }) => pod.uid === uid && name === container && state === 'running')
      .sort((a, b) => b.attempt - a.attempt);
    if (found === undefined) throw new ApiError('NotFound', `container not found ("${container}")`);
    return found.id;
  }
}

async function serve(stream: ByteStream, signal: AbortSignal, work: (scope: Scope) => Promise<Status>): Promise<void> {
  const scope = new Scope('exec');
  const stop = (): void => void scope.close();
  signal.addEventListener('abort', stop, { once: true, signal: scope.signal });
  // When the caller has gone nobody wants the command any more.
  void stream.over.then(stop);
  try {
    const status = await work(scope).catch((error: unknown) => internalError(messageOf(error)));
    await stream.write(channel.error, encode(status));
  } finally {
    await scope.close();
  }
}

/** Connects all channels; resolves when the output has ended. */
async function connect(
  running: ProcessStreams,
  { stdout, stderr, tty }: NodeAttachRequest,
  stream: ByteStream,
  scope: Scope,
): Promise<void> {
  void follow(stream, running).then(() => scope.close());
  try {
    await Promise.all([
      copy(running.stdout, stream, channel.stdout, stdout),
      copy(running.stderr, stream, channel.stderr, stderr && !tty),
    ]);
  } catch (error) {
    // A caller that went away breaks the copying; the command ends by the signal.
    void scope.close();
    throw error;
  }
}

/** Hands input and window sizes to the command until the session is over. */
async function follow(stream: ByteStream, running: ProcessStreams): Promise<void> {
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
async function writeInput(running: ProcessStreams, bytes: Uint8Array): Promise<void> {
  try {
    await running.write(bytes);
  } catch {
    running.endInput();
  }
}

function resize(running: ProcessStreams, bytes: Uint8Array): void {
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
