import type { Socket } from 'node:net';
import { channel, type ByteStream } from '../../shared/bus/byte-stream.ts';
import type { NodeForwardRequest } from '../../shared/bus/messages.ts';
import { ApiError } from '../../shared/errors.ts';
import type { RuntimeDriver, SandboxId } from '../runtime/driver.ts';

/** TCP connections to pods, one for each session. */
export class ForwardCalls {
  readonly #driver: Pick<RuntimeDriver, 'listSandboxes' | 'connect'>;

  constructor(driver: Pick<RuntimeDriver, 'listSandboxes' | 'connect'>) {
    this.#driver = driver;
  }

  /** Ends when both directions have, or one side has gone. Throws what the caller should read when nobody listens. */
  async run({ uid, port }: NodeForwardRequest, stream: ByteStream, signal: AbortSignal): Promise<void> {
    const socket = await this.#driver.connect(await this.#find(uid), port, signal);
    // Errors come to the reader and the writer.
    socket.on('error', () => undefined);
    void stream.over.then(() => socket.destroy());
    const input = passIn(stream, socket);
    // A pod that takes no more may still send; what breaks the session shows there.
    input.catch(() => undefined);
    try {
      for await (const bytes of socket.iterator({ destroyOnReturn: false })) {
        await stream.write(channel.stdout, bytes as Uint8Array);
      }
      await stream.end(channel.stdout);
      await Promise.race([input, stream.over]);
    } catch {
      // A pod that resets a connection ends it; that is no failure of the forwarding.
    } finally {
      socket.destroy();
    }
  }

  async #find(uid: string): Promise<SandboxId> {
    const [newest] = (await this.#driver.listSandboxes())
      .filter(({ pod, isReady }) => pod.uid === uid && isReady)
      .sort((a, b) => b.attempt - a.attempt);
    if (newest === undefined) throw new ApiError('NotFound', 'the pod has no sandbox on this node');
    return newest.id;
  }
}

/** Hands what the caller sends to the pod, and its end. */
async function passIn(stream: ByteStream, socket: Socket): Promise<void> {
  for await (const chunk of stream) {
    if (chunk.channel !== channel.stdin) continue;
    if (chunk.bytes.length === 0) break;
    await write(socket, chunk.bytes);
  }
  socket.end();
}

/** Resolves when the kernel has taken the bytes. */
function write(socket: Socket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
