import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { http } from '../../../shared/http.ts';
import type { TlsIdentity } from '../deps.ts';
import { asksForSpdy } from './spdy-upgrade.ts';

interface LastWords {
  code: number;
  phrase: string;
  reason: string;
  message: string;
}

const slow: LastWords = {
  code: 408,
  phrase: 'Request Timeout',
  reason: 'Timeout',
  message: 'the request did not come in time',
};
const malformed: LastWords = {
  code: 400,
  phrase: 'Bad Request',
  reason: 'BadRequest',
  message: 'the request is not valid HTTP',
};

/** A server whose every wait is bounded. Handlers are added by its user. */
export function makeHttpsServer({ certificate, privateKey, authority }: TlsIdentity): Server {
  const server = createServer({
    cert: certificate,
    key: privateKey,
    ca: authority,
    // A certificate is asked for and not needed; one of another authority counts as none.
    requestCert: true,
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
    handshakeTimeout: 30_000,
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 5_000,
    // Longer than the 90 s that Go clients keep idle connections, and they do not repeat a POST on a reset.
    keepAliveTimeout: 120_000,
    // Commands of exec come in the URL.
    maxHeaderSize: 64 * 1024,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    // What asks for another protocol is answered as if it had not.
    shouldUpgradeCallback: (message) => asksForWebSocket(message) || asksForSpdy(message),
  });
  server.maxHeadersCount = 200;
  server.maxConnections = 10_000;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket as Socket));
  // A failed handshake is the client's matter, and its socket is closed already.
  server.on('tlsClientError', () => undefined);
  return server;
}

function asksForWebSocket({ headers, method }: IncomingMessage): boolean {
  return method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket';
}

/** A response that writes on the raw socket of an upgrade request, and closes it after, whatever its client does. */
export function responseOn(message: IncomingMessage, socket: Socket): ServerResponse {
  socket.on('error', () => socket.destroy());
  const response = new http.ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  return response;
}

/** The last words on a connection whose bytes are no HTTP, or came too slowly. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const { code, phrase, reason, message } = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? slow : malformed;
  const body = JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
  });
  const head = [`HTTP/1.1 ${code} ${phrase}`, 'Content-Type: application/json', `Content-Length: ${body.length}`];
  socket.end(`${head.join('\r\n')}\r\nConnection: close\r\n\r\n${body}`, () => socket.destroy());
}
