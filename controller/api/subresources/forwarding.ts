import { channel, type ByteStream } from '../../../shared/bus/byte-stream.ts';
import { ApiError, messageOf } from '../../../shared/errors.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';
import { Scope } from '../../../shared/scope.ts';
import type { ApiDeps } from '../deps.ts';

/** The client's side of one forwarded connection. */
export interface ForwardClient {
  /** What goes to the pod, to the end of it. */
  input: AsyncIterable<Uint8Array>;
  write(bytes: Uint8Array): Promise<void>;
  /** The pod sends no more. */
  end(): Promise<void>;
}

/** Throws BadRequest for what is no TCP port. */
export function parsePort(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new ApiError('BadRequest', `${JSON.stringify(text)} is not a port`);
  return port;
}

/** Carries one TCP connection until it ends or `scope` closes. Throws with what a user should read when it fails. */
export async function forwardConnection(
  { podExec }: Pick<ApiDeps, 'podExec'>,
  pod: Stored<Pod>,
  port: number,
  client: ForwardClient,
  scope: Scope,
): Promise<void> {
  try {
    const session = await podExec.forward(pod, port, scope.signal);
    try {
      // When the session is over, what the client still sends has nowhere to go.
      forwardInput(client.input, session).catch(() => undefined);
      for await (const { channel: from, bytes } of session) {
        if (from !== channel.stdout) continue;
        if (bytes.length === 0) await client.end();
        else await client.write(bytes);
      }
    } finally {
      await session.close();
    }
  } catch (error) {
    const { name } = pod.metadata;
    throw new ApiError(
      'InternalError',
      `error forwarding port ${port} to pod ${name}: ${messageOf(error)}`,
      {},
      { cause: error },
    );
  }
}

async function forwardInput(input: AsyncIterable<Uint8Array>, session: ByteStream): Promise<void> {
  for await (const bytes of input) await session.write(channel.stdin, bytes);
  await session.end(channel.stdin);
}
