import type { IncomingMessage } from 'node:http';

const header = 'sec-websocket-protocol';
const prefix = 'base64url.bearer.authorization.k8s.io.';

/**
 * The token that a browser hides among the subprotocols of a WebSocket, since it can send no header; undefined when
 * there is none, or no other subprotocol, which the answer needs. It is taken out: nobody after this is to see it.
 */
export function takeSocketBearer({ headers }: IncomingMessage): string | undefined {
  const offered = headers[header]?.split(',').map((name) => name.trim()) ?? [];
  const others = offered.filter((name) => !name.startsWith(prefix));
  if (others.length === offered.length) return undefined;
  if (others.length > 0) headers[header] = others.join(', ');
  else delete headers[header];
  const hidden = offered.find((name) => name.startsWith(prefix));
  return others.length === 0 ? undefined : Buffer.from(hidden?.slice(prefix.length) ?? '', 'base64url').toString();
}
