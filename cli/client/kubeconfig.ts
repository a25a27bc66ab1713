import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { UsageError } from '../usage.ts';
import { contentOf, entriesOf, readKubeconfig } from './kubeconfig-file.ts';

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
  return entriesOf(readKubeconfig(path), 'contexts').map(({ name }) => name);
}

/** Reads a context, by default the current one. Throws UsageError that names the file and what is wrong in it. */
export function loadKubeconfig(path: string, contextName?: string): Connection {
  const config = readKubeconfig(path);
  const context = contentOf(config, 'contexts', contextName ?? config['current-context'], path);
  const cluster = contentOf(config, 'clusters', context['cluster'], path);
  const user = contentOf(config, 'users', context['user'], path);
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
