import { ApiError } from '../../../shared/errors.ts';
import type { ApiRequest } from '../http/api-request.ts';

export interface Transport {
  kind: 'socket' | 'spdy';
  /** The first of the given ones that the client speaks; '' is what one speaks that names none. */
  protocol: string;
}

/** How the client of a session wants to talk. Throws BadRequest when it names no way that is known. */
export function chooseTransport(
  { headers, method }: ApiRequest,
  known: { socket: readonly string[]; spdy: readonly string[] },
): Transport {
  if (method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket') {
    const offered = listOf(headers['sec-websocket-protocol']);
    const protocol = known.socket.find((name) => offered.includes(name));
    if (protocol !== undefined) return { kind: 'socket', protocol };
    const names = known.socket.filter((name) => name !== '').join(', ');
    throw new ApiError('BadRequest', `none of the WebSocket subprotocols is one of ${names}`);
  }
  if (headers.upgrade?.toLowerCase() !== 'spdy/3.1') throw new ApiError('BadRequest', 'Upgrade request required');
  const offered = listOf(headers['x-stream-protocol-version']);
  const protocol = known.spdy.find((name) => offered.includes(name));
  if (protocol !== undefined) return { kind: 'spdy', protocol };
  throw new ApiError('BadRequest', `none of the stream protocols is one of ${known.spdy.join(', ')}`);
}

function listOf(header: string | string[] | undefined): string[] {
  return [header ?? ''].flat().flatMap((line) => line.split(',').map((name) => name.trim()));
}
