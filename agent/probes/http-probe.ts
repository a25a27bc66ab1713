import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv6 } from 'node:net';
import { http } from '../../shared/http.ts';
import type { Container, Probe } from '../../shared/objects/types.ts';
import { portNumber } from './port.ts';
import type { ProbeResult } from './prober.ts';

type HttpGet = NonNullable<Probe['httpGet']>;

interface Answer {
  status: number;
  body: string;
  location: string | undefined;
}

const maxRedirects = 10;
const maxBodyBytes = 1024;

/** GET as kubelet makes it: certificates are not checked, redirects within the host are followed, 200 to 399 is well. */
export async function httpProbe(
  action: HttpGet,
  container: Container,
  ip: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  let url = urlOf(action, container, ip);
  for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
    const { status, body, location } = await get(url, action, signal);
    if (status >= 300 && status < 400 && location !== undefined) {
      const next = new URL(location, url);
      if (next.hostname !== url.hostname) {
        return { outcome: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
      }
      url = next;
      continue;
    }
    const isWell = status >= 200 && status < 400;
    return isWell
      ? { outcome: 'success', output: body }
      : { outcome: 'failure', output: `HTTP probe failed with statuscode: ${String(status)}` };
  }
  return { outcome: 'failure', output: `stopped after ${String(maxRedirects)} redirects` };
}

/** Throws for a port that the container does not have. */
export function urlOf({ scheme, host, port, path }: HttpGet, container: Container, ip: string): URL {
  const name = host === undefined || host === '' ? ip : host;
  const authority = isIPv6(name) ? `[${name}]` : name;
  const base = `${(scheme ?? 'HTTP').toLowerCase()}://${authority}:${String(portNumber(port, container))}`;
  return new URL(path === undefined || path === '' ? '/' : path.replace(/^(?!\/)/, '/'), base);
}

async function get(url: URL, { httpHeaders = [] }: HttpGet, signal: AbortSignal): Promise<Answer> {
  const headers: Record<string, string[]> = {
    'user-agent': ['kube-probe/berth'],
    accept: ['*/*'],
    connection: ['close'],
  };
  for (const { name, value } of httpHeaders) {
    const key = name.toLowerCase();
    headers[key] =
      key in headers && !['user-agent', 'accept'].includes(key) ? [...(headers[key] ?? []), value] : [value];
  }
  const single = Object.entries(headers).map(([name, values]) => [name, values.length === 1 ? values[0] : values]);
  const make = url.protocol === 'https:' ? httpsRequest : http.request;
  const options = { headers: Object.fromEntries(single) as Record<string, string>, signal, agent: false as const };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    make(url, { ...options, rejectUnauthorized: false }, resolve)
      .on('error', reject)
      .end();
  });
  const { statusCode = 0, headers: answered } = response;
  return { status: statusCode, body: await bodyStart(response), location: answered.location };
}

/** A probe reads no more than it shows; the rest is cut off with the connection. */
async function bodyStart(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxBodyBytes) break;
  }
  response.destroy();
  return Buffer.concat(chunks).subarray(0, maxBodyBytes).toString('utf8');
}
