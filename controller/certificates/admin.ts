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

/** Writes a kubeconfig whose cluster, user and context are called `berth`: in JSON, which every reader of YAML reads. */
export async function writeAdminKubeconfig(
  path: string,
  { server, authority, token }: KubeconfigContent,
): Promise<void> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'berth', cluster: { server, 'certificate-authority-data': Buffer.from(authority).toString('base64') } },
    ],
    users: [{ name: 'berth', user: { token } }],
    contexts: [{ name: 'berth', context: { cluster: 'berth', user: 'berth' } }],
    'current-context': 'berth',
  };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writePrivateFile(path, `${JSON.stringify(config, null, 2)}\n`);
}

/**
 * Makes the administrator's kubeconfig at `path` say `server`, and returns the token records the API accepts. The token
 * in an existing file stays while its hash is the one on record; otherwise a new one replaces it and the old one dies.
 */
export async function ensureAdmin(pki: Pki, path: string, server: string): Promise<TokenRecord[]> {
  const recordFile = join(pki.directory, 'admin-token.sha256');
  const recorded = (await readIfPresent(recordFile))?.trim();
  const present = await readToken(path);
  const isValid = present !== undefined && hashToken(present) === recorded;
  const token = isValid ? present : randomBytes(32).toString('base64url');
  if (!isValid) await writePrivateFile(recordFile, `${hashToken(token)}\n`);
  await writeAdminKubeconfig(path, { server, authority: pki.authority, token });
  return [{ sha256: hashToken(token), user: 'berth-admin', groups: ['system:masters'] }];
}

/** Hexadecimal SHA-256. Tokens are 256 random bits, so a slow hash would add nothing. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

async function readToken(path: string): Promise<string | undefined> {
  const text = await readIfPresent(path);
  if (text === undefined) return undefined;
  try {
    const config = readYaml(text) as { users?: { user?: { token?: unknown } }[] } | null;
    const token = config?.users?.[0]?.user?.token;
    return typeof token === 'string' ? token : undefined;
  } catch {
    return undefined;
  }
}
