import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { until } from '../../support/until.ts';
import type { ApiHarness } from '../harness.ts';

/** A client that says what it likes on a TLS connection. */
export interface RawClient {
  socket: TLSSocket;
  /** To break the connection with. */
  plain: Socket;
  received: Buffer[];
}

export async function dialRaw(api: ApiHarness): Promise<RawClient> {
  const plain = connectPlain(api.port, '127.0.0.1');
  const socket = connect({ socket: plain, host: '127.0.0.1', ca: api.pki.authority });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  const received: Buffer[] = [];
  socket.on('data', (data: Buffer) => received.push(data));
  return { socket, plain, received };
}

/** Waits for the headers of an answer. */
export async function answered({ received }: RawClient): Promise<string> {
  await until(() => Buffer.concat(received).includes('\r\n\r\n'), 'an answer');
  return Buffer.concat(received).toString('latin1');
}

/** Files and sockets that this process has open: both ends, since the server is in it. */
export async function openDescriptors(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

/** The request that asks for another protocol; none of its lines is missing. */
export function upgradeRequest(path: string, protocol: 'websocket' | 'SPDY/3.1', token: string): string {
  const lines = [
    `${protocol === 'websocket' ? 'GET' : 'POST'} ${path} HTTP/1.1`,
    'Host: x',
    `Authorization: Bearer ${token}`,
    'Connection: Upgrade',
    `Upgrade: ${protocol}`,
    ...(protocol === 'websocket'
      ? [
          'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
          'Sec-WebSocket-Version: 13',
          'Sec-WebSocket-Protocol: v5.channel.k8s.io',
        ]
      : ['X-Stream-Protocol-Version: v4.channel.k8s.io', 'X-Stream-Protocol-Version: portforward.k8s.io']),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
