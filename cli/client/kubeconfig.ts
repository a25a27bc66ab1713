import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { readYaml } from '../../shared/yaml.ts';
import { UsageError } from '../usage.ts';

/** How to reach an API server: what the current context of a kubeconfig says. */
export interface Connection {
  /** The file, for messages. */
  source: string;
  server: string;
  ca?: string;
  insecure: boolean;
  token?: string;
  clientCertificate?: string;
  clientKey?: string;
  namespace: string;
  /** Whom requests are made as, instead of the user of the credentials. */
  impersonate?: Impersonation;
}

export interface Impersonation {
  user?: string;
  groups: readonly string[];
  uid?: string;
}

export const defaultDataDir = '/var/lib/berth';

/** The kubeconfig file: the flag, $KUBECONFIG, else what `berth up` wrote into the data directory. */
export function kubeconfigPath(flag: string | undefined, dataDir = defaultDataDir): string {
  const [named] = (process.env['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '');
  return flag ?? named ?? join(dataDir, 'admin.kubeconfig');
}

/** Names of the contexts of a kubeconfig. Throws UsageError. */
export function listContexts(path: string): string[] {
  const { contexts } = readConfig(path);
  return Array.isArray(contexts) ? (contexts as { name?: unknown }[]).map(({ name }) => String(name)) : [];
}

/** Reads a context, by default the current one. Throws UsageError that names the file and what is wrong in it. */
export function loadKubeconfig(path: string, contextName?: string): Connection {
  const config = readConfig(path);
  const context = named(config, 'contexts', contextName ?? config['current-context'], 'context', path);
  const cluster = named(config, 'clusters', context['cluster'], 'cluster', path);
  const user = named(config, 'users', context['user'], 'user', path);
  const data = (source: Record<string, unknown>, key: string): string | undefined => readData(path, source, key);
  const server = cluster['server'];
  if (typeof server !== 'string' || !/^https?:$/.test(URL.parse(server)?.protocol ?? '')) {
    throw new UsageError(
      `${path}: clusters[].cluster.server: ${JSON.stringify(server)} is not a URL as https://host:port`,
    );
  }
  return {
    source: path,
    server: server.replace(/\/+$/, ''),
    ca: data(cluster, 'certificate-authority'),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    token: readToken(path, user),
    clientCertificate: data(user, 'client-certificate'),
    clientKey: data(user, 'client-key'),
    namespace: typeof context['namespace'] === 'string' ? context['namespace'] : 'default',
    impersonate: readImpersonation(user),
  };
}

function readImpersonation(user: Record<string, unknown>): Impersonation | undefined {
  const { as, 'as-groups': groups, 'as-uid': uid } = user;
  if (typeof as !== 'string') return undefined;
  return { user: as, groups: Array.isArray(groups) ? groups.map(String) : [], ...(typeof uid === 'string' && { uid }) };
}

function readConfig(path: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'it does not exist' : messageOf(error);
    const next = "start Berth with 'berth up', or name a kubeconfig with --kubeconfig";
    throw new UsageError(`cannot read kubeconfig ${path}: ${why}; ${next}`, { cause: error });
  }
  try {
    return record(readYaml(text), path, 'the file');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path}: ${messageOf(error).split('\n')[0]?.replace(/:$/, '') ?? ''}`, { cause: error });
  }
}

/** What stands in the file itself, or in another one that it names. */
function readData(path: string, source: Record<string, unknown>, key: string): string | undefined {
  const inline = source[`${key}-data`];
  if (typeof inline === 'string') return Buffer.from(inline, 'base64').toString();
  return readNamed(path, source[key]);
}

function readToken(path: string, user: Record<string, unknown>): string | undefined {
  return typeof user['token'] === 'string' ? user['token'] : readNamed(path, user['tokenFile'])?.trim();
}

function readNamed(path: string, file: unknown): string | undefined {
  if (typeof file !== 'string' || file === '') return undefined;
  try {
    return readFileSync(resolve(dirname(path), file), 'utf8');
  } catch (error) {
    throw new UsageError(`${path}: cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
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
  if (entry === undefined) throw new UsageError(`${path}: no entry ${JSON.stringify(name) ?? 'named'} in ${list}`);
  return record(entry[inner], path, `${list}[].${inner}`);
}

function record(value: unknown, path: string, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new UsageError(`${path}: ${what} is not a mapping`);
  return value as Record<string, unknown>;
}
