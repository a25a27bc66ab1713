import type { IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { writeYaml } from '../../../shared/yaml.ts';
import { negotiateEncoding } from './negotiation.ts';

/**
 * What is longer as JSON (bytes) stays JSON, which is YAML as well (YAML 1.2, section 1.3): laying out a long list
 * as YAML would hold up everybody else for seconds.
 */
const maxLaidOut = 256 * 1024;

export interface Encoded {
  body: Buffer;
  contentType: string;
}

/** Characters of a list that are written in one go: then others have their turn. */
const sliceLength = 1024 * 1024;

/** The answer to a request as its client wants it: YAML or JSON, on one line or on many. */
export async function encode(
  body: unknown,
  { headers, url }: Pick<IncomingMessage, 'headers' | 'url'>,
): Promise<Encoded> {
  const isYaml = negotiateEncoding(headers.accept) === 'yaml';
  const indent = isPretty(url ?? '', headers['user-agent'] ?? '') ? 2 : undefined;
  const json =
    indent === undefined ? await writeLine(body) : Buffer.from(`${JSON.stringify(body, undefined, indent)}\n`);
  return {
    body: isYaml && json.length <= maxLaidOut ? Buffer.from(writeYaml(body)) : json,
    contentType: isYaml ? 'application/yaml' : 'application/json',
  };
}

/** A list of objects, or a Table of them, is written element by element: it may be as long as all that is stored. */
async function writeLine(body: unknown): Promise<Buffer> {
  const parts = body as Readonly<Record<string, unknown>>;
  const name = ['items', 'rows'].find((each) => Array.isArray(parts[each])) ?? '';
  const { [name]: list = [], ...rest } = parts;
  const elements = list as readonly unknown[];
  if (elements.length < 2) return Buffer.from(`${JSON.stringify(body)}\n`);
  const head = JSON.stringify(rest).slice(0, -1);
  const slices: Buffer[] = [];
  let text = `${head}${head === '{' ? '' : ','}"${name}":`;
  for (const [at, element] of elements.entries()) {
    text += `${at === 0 ? '[' : ','}${JSON.stringify(element)}`;
    if (text.length < sliceLength) continue;
    slices.push(Buffer.from(text));
    text = '';
    await setImmediate();
  }
  return Buffer.concat([...slices, Buffer.from(`${text}]}\n`)]);
}

/** People who ask by hand get many lines, as in Kubernetes; `pretty` says it explicitly. */
function isPretty(url: string, userAgent: string): boolean {
  const query = url.includes('?') ? new URLSearchParams(url.slice(url.indexOf('?'))) : undefined;
  const said = query?.get('pretty') ?? '';
  if (said !== '') return said === 'true' || said === '1';
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(userAgent);
}
