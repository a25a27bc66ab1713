import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { TLSSocket } from 'node:tls';

/** What is meant for the next hop alone. */
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);
/** What says to Berth who asks, or to browsers who may: none of it is the business of the other side. */
const ownHeaders = /^(?:authorization|impersonate-.*|x-remote-.*|access-control-.*)$/;

/** The headers of a message that are handed on, by their names in lower case. */
export function endToEndHeaders({ headersDistinct, headers }: IncomingMessage): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  const kept = Object.entries(headersDistinct).filter(
    ([name]) => !hopByHop.has(name) && !ownHeaders.test(name) && !named.has(name),
  );
  const all: OutgoingHttpHeaders = Object.fromEntries(kept.map(([name, values = []]) => [name, oneOrMore(values)]));
  // Of this header `headers` has what is left of it: not the token that a browser hides there.
  const protocols = headers['sec-websocket-protocol'];
  if (protocols === undefined) delete all['sec-websocket-protocol'];
  else all['sec-websocket-protocol'] = protocols;
  return all;
}

/** A header that came once is no list: `Host` and `Content-Length` may not be one. */
function oneOrMore(values: string[]): string | string[] {
  const [only = ''] = values;
  return values.length === 1 ? only : values;
}

/** Who asked, and how, for the other side to make links of. */
export function forwardedHeaders({ headers, socket, url = '' }: IncomingMessage): OutgoingHttpHeaders {
  const before = headers['x-forwarded-for'];
  const client = socket.remoteAddress ?? '';
  return {
    'x-forwarded-for': before === undefined ? client : `${String(before)}, ${client}`,
    'x-forwarded-host': headers.host ?? '',
    'x-forwarded-proto': socket instanceof TLSSocket ? 'https' : 'http',
    'x-forwarded-uri': url,
  };
}

/** A redirection to another path of the same server leads to that path below `prefix`. */
export function relocate(headers: OutgoingHttpHeaders, prefix: string): OutgoingHttpHeaders {
  const { location } = headers;
  if (typeof location !== 'string' || !location.startsWith('/') || location.startsWith('//')) return headers;
  return { ...headers, location: `${prefix}${location}` };
}
