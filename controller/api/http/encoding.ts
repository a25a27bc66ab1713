import type { IncomingMessage } from 'node:http';
import { writeYaml } from '../../../shared/yaml.ts';
import { negotiateEncoding } from './negotiation.ts';

export interface Encoded {
  body: Buffer;
  contentType: string;
}

/** The answer to a request as its client wants it: YAML or JSON, on one line or on many. */
export function encode(body: unknown, { headers, url }: Pick<IncomingMessage, 'headers' | 'url'>): Encoded {
  if (negotiateEncoding(headers.accept) === 'yaml') {
    return { body: Buffer.from(writeYaml(body)), contentType: 'application/yaml' };
  }
  const indent = isPretty(url ?? '', headers['user-agent'] ?? '') ? 2 : undefined;
  return { body: Buffer.from(`${JSON.stringify(body, undefined, indent)}\n`), contentType: 'application/json' };
}

/** People who ask by hand get many lines, as in Kubernetes; `pretty` says it explicitly. */
function isPretty(url: string, userAgent: string): boolean {
  const query = url.includes('?') ? new URLSearchParams(url.slice(url.indexOf('?'))) : undefined;
  const said = query?.get('pretty') ?? '';
  if (said !== '') return said === 'true' || said === '1';
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
