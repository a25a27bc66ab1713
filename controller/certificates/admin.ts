import { createHash, randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readYaml } from '../../shared/yaml.ts';
import { readIfPresent, writePrivateFile } from './private-files.ts';
import type { Pki } from './pki.ts';

/** A bearer token that the API accepts. The token itself is kept by its owner alone. */
export interface TokenRecord {
  /** Hexadecimal SHA-256 of the token. */
  sha256: string;
  user: string;
  groups: readonly string[];
}

export interface KubeconfigContent {
  /** URL of the API. */
  server: string;
  /** PEM. */
  authority: string;
  token: string;
}

/** A kubeconfig as it stands in a file. */
interface Kubeconfig {
  clusters?: Entry[];
  users?: Entry[];
  contexts?: Entry[];
  'current-context'?: unknown;
}

type Entry = { name?: unknown; user?: { token?: unknown }; context?: object };

const own = 'berth';

/**
 * Writes a kubeconfig whose cluster, user and context are called `berth`: in JSON, which every reader of YAML reads. What
 * people have put into the file `before` stays: other entries, the current context, the namespace of the context.
 */
export async function writeAdminKubeconfig(
  path: string,
  { server, authority, token }: KubeconfigContent,
  before: Kubeconfig = {},
): Promise<void> {
  const cluster = { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') };
  const context = before.contexts?.find(({ name }) => name === own)?.context;
  const contexts = withOwn(before.contexts, { context: { ...context, cluster: own, user: own } });
  const current = before['current-context'];
  const config = {
    ...before,
    apiVersion: 'v1',
    kind: 'Config',
    clusters: withOwn(before.clusters, { cluster }),
    users: withOwn(before.users, { user: { token } }),
    contexts,
    'current-context': contexts.some(({ name }) => name === current) ? current : own,
  };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writePrivateFile(path, `${JSON.stringify(config, null, 2)}\n`);
}

function withOwn(entries: Entry[] = [], content: object): Entry[] {
  return [{ name: own, ...content }, ...entries.filter(({ name }) => name !== own)];
}

/**
 * Makes the administrator's kubeconfig at `path` say `server`, and returns the token records the API accepts. The token
 * in an existing file stays while its hash is the one on record; otherwise a new one replaces it and the old one dies.
 */
export async function ensureAdmin(pki: Pki, path: string, server: string): Promise<TokenRecord[]> {
  const recordFile = join(pki.directory, 'admin-token.sha256');
  const recorded = (await readIfPresent(recordFile))?.trim();
  const before = await readKubeconfig(path);
  const present = before.users?.find(({ name }) => name === own)?.user?.token;
  const isValid = typeof present === 'string' && hashToken(present) === recorded;
  const token = isValid ? present : randomBytes(32).toString('base64url');
  if (!isValid) await writePrivateFile(recordFile, `${hashToken(token)}\n`);
  await writeAdminKubeconfig(path, { server, authority: pki.authority, token }, before);
  return [{ sha256: hashToken(token), user: 'berth-admin', groups: ['system:masters'] }];
}

/** Hexadecimal SHA-256. Tokens are 256 random bits, so a slow hash would add nothing. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** {} for a file that is not there, or is no kubeconfig. */
async function readKubeconfig(path: string): Promise<Kubeconfig> {
  const text = await readIfPresent(path);
  if (text === undefined) return {};
  try {
    const config = readYaml(text) as Kubeconfig | null;
    const isList = (list: unknown): boolean => Array.isArray(list) && list.every((entry) => entry instanceof Object);
    return config !== null && [config.clusters, config.users, config.contexts].every(isList) ? config : {};
  } catch {
    return {};
  }
}
