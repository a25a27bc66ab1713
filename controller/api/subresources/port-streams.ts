import { messageOf } from '../../../shared/errors.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';
import { Scope } from '../../../shared/scope.ts';
import type { ApiDeps } from '../deps.ts';
import type { ByteLink } from '../spdy/byte-link.ts';
import { SpdyConnection } from '../spdy/connection.ts';
import type { SpdyStream } from '../spdy/stream.ts';
import { forwardConnection, parsePort } from './forwarding.ts';

/** Error streams whose data stream has not come. */
const maxHalves = 128;

/**
 * Forwards the connections of one SPDY client: for each it opens an error stream, then a data stream with the same
 * `requestid`. What goes wrong with one is told on its error stream and ends nothing else.
 */
export async function servePortStreams(
  deps: Pick<ApiDeps, 'podExec'>,
  link: ByteLink,
  pod: Stored<Pod>,
): Promise<void> {
  const scope = new Scope('port-forward');
  const connection = new SpdyConnection(link);
  const halves = new Map<string, SpdyStream>();
  const accept = (stream: SpdyStream): void => {
    const request = stream.headers.get('requestid') ?? '';
    const kind = stream.headers.get('streamtype');
    if (kind === 'error' && halves.size < maxHalves && !halves.has(request)) {
      halves.set(request, stream);
      stream.discard();
      stream.whenAborted(() => {
        if (halves.get(request) === stream) halves.delete(request);
      });
      return;
    }
    const errors = kind === 'data' ? halves.get(request) : undefined;
    if (errors === undefined) {
      stream.discard();
      void stream.end();
      return;
    }
    halves.delete(request);
    scope.spawn(
      () => serve(deps, pod, errors, stream, scope),
      () => undefined,
    );
  };
  try {
    await connection.run(accept);
  } catch {
    // What a client sent that is no SPDY has ended its connection.
  } finally {
    await scope.close();
  }
}

async function serve(
  deps: Pick<ApiDeps, 'podExec'>,
  pod: Stored<Pod>,
  errors: SpdyStream,
  data: SpdyStream,
  parent: Scope,
): Promise<void> {
  const scope = parent.child('connection');
  let isWanted = true;
  data.whenAborted(() => {
    isWanted = false;
    void scope.close();
  });
  try {
    const client = { input: data, write: data.write.bind(data), end: data.end.bind(data) };
    await forwardConnection(deps, pod, parsePort(data.headers.get('port') ?? ''), client, scope);
  } catch (error) {
    // kubectl resets a connection that has ended, and takes what it reads here for the end of all.
    if (isWanted) await errors.write(Buffer.from(messageOf(error)));
  } finally {
    await errors.end();
    await data.end();
    data.discard();
    await scope.close();
  }
}
