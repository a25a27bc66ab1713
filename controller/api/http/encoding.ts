import type { IncomingMessage } from 'node:http';
import { writeYaml } from '../../../shared/yaml.ts';
import { negotiateEncoding } from './negotiation.ts';

/**
 * What is longer as JSON (characters) stays JSON, which is YAML as well (YAML 1.2, section 1.3): laying out a long list
 * as YAML would hold up everybody else for seconds.
 */
const maxLaidOut = 256 * 1024;

export interface Encoded {
  body: Buffer;
  contentType: string;
}

/** The answer to a request as its client wants it: YAML or JSON, on one line or on many. */
export function encode(body: unknown, { headers, url }: Pick<IncomingMessage, 'headers' | 'url'>): Encoded {
  const isYaml = negotiateEncoding(headers.accept) === 'yaml';
  const indent = isPretty(url ?? '', headers['user-agent'] ?? '') ? 2 : undefined;
  const json = JSON.stringify(body, undefined, indent);
  return {
    body: Buffer.from(isYaml && json.length <= maxLaidOut ? writeYaml(body) : `${json}\n`),
    contentType: isYaml ? 'application/yaml' : 'application/json',
  };
}

/** People who ask by hand get many lines, as in Kubernetes; `pretty` says it explicitly. */
function isPretty(url: string, userAgent: string): boolean {
  const query = url.includes('?') ? new URLSearchParams(url.slice(url.indexOf('?'))) : undefined;
  const said = query?.get('pretty') ?? '';
  if (said !== '') return said === 'true' || said === '1';
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
