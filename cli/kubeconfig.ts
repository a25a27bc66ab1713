import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { UsageError } from './usage.ts';

/** How to reach an API server: what the current context of a kubeconfig says. */
export interface Connection {
  server: string;
  ca?: string;
  insecure: boolean;
  token?: string;
  clientCertificate?: string;
  clientKey?: string;
  namespace: string;
}

export const defaultDataDir = '/var/lib/berth';

/** The kubeconfig file: the flag, $KUBECONFIG, else what `berth up` wrote into the data directory. */
export function kubeconfigPath(flag: string | undefined, dataDir = defaultDataDir): string {
  return flag ?? process.env['KUBECONFIG']?.split(':')[0] ?? join(dataDir, 'admin.kubeconfig');
}

/** Reads the current context. Throws UsageError that names the file and what is missing in it. */
export function loadKubeconfig(path: string): Connection {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read kubeconfig ${path}: start Berth with 'berth up' or name one with --kubeconfig`, {
      cause: error,
    });
  }
  const config = record(parse(text) as unknown, path, 'the file');
  const context = named(config, 'contexts', config['current-context'], 'context', path);
  const cluster = named(config, 'clusters', context['cluster'], 'cluster', path);
  const user = named(config, 'users', context['user'], 'user', path);
  const data = (source: Record<string, unknown>, key: string): string | undefined => {
    const inline = source[`${key}-data`];
    if (typeof inline === 'string') return Buffer.from(inline, 'base64').toString();
    const file = source[key];
    return typeof file === 'string' ? readFileSync(resolve(dirname(path), file), 'utf8') : undefined;
  };
  const server = cluster['server'];
  if (typeof server !== 'string') throw new UsageError(`${path}: clusters[].cluster.server is missing`);
  return {
    server,
    ca: data(cluster, 'certificate-authority'),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    token: typeof user['token'] === 'string' ? user['token'] : undefined,
    clientCertificate: data(user, 'client-certificate'),
    clientKey: data(user, 'client-key'),
    namespace: typeof context['namespace'] === 'string' ? context['namespace'] : 'default',
  };
}

function named(
  config: Record<string, unknown>,
  list: string,
  name: unknown,
  inner: string,
  path: string,
): Record<string, unknown> {
  const entries = Array.isArray(config[list]) ? (config[list] as Record<string, unknown>[]) : [];
  const entry = entries.find((candidate) => candidate['name'] === name);
  if (entry === undefined) throw new UsageError(`${path}: no entry ${JSON.stringify(name)} in ${list}`);
  return record(entry[inner], path, `${list}[].${inner}`);
}

function record(value: unknown, path: string, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new UsageError(`${path}: ${what} is not a mapping`);
  return value as Record<string, unknown>;
}
