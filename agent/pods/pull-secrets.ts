import type { KubeObject, Pod, Secret, ServiceAccount, Stored } from '../../shared/objects/types.ts';
import type { RegistryCredentials } from '../images/image-service.ts';
import type { ConfigSource } from '../volumes/volumes.ts';
import { specOf } from './pod-view.ts';

interface DockerAuth {
  auth?: string;
  username?: string;
  password?: string;
}

/** Credentials of the image pull secrets that the pod and its service account name; `missing` are secrets that are not there. */
export function pullCredentials(
  pod: Stored<Pod>,
  config: ConfigSource,
): { credentials: RegistryCredentials[]; missing: string[] } {
  const namespace = pod.metadata.namespace ?? '';
  const account = config.find('serviceaccounts', namespace, specOf(pod).serviceAccountName ?? 'default') as
    (KubeObject & ServiceAccount) | undefined;
  const references = [...(specOf(pod).imagePullSecrets ?? []), ...(account?.imagePullSecrets ?? [])];
  const names = [...new Set(references.flatMap(({ name }) => (name === undefined ? [] : [name])))];
  const credentials: RegistryCredentials[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const secret = config.find('secrets', namespace, name) as (KubeObject & Secret) | undefined;
    if (secret === undefined) missing.push(name);
    else credentials.push(...credentialsOf(secret));
  }
  return { credentials, missing };
}

function credentialsOf(secret: KubeObject & Secret): RegistryCredentials[] {
  const auths = parseAuths(secret);
  return Object.entries(auths).flatMap(([registry, { auth, username, password }]) => {
    const [name = '', ...rest] = Buffer.from(auth ?? '', 'base64')
      .toString('utf8')
      .split(':');
    const user = username ?? name;
    return user === '' ? [] : [{ registry: hostOf(registry), username: user, password: password ?? rest.join(':') }];
  });
}

/** A secret that holds no valid JSON counts as empty: the registry's own answer tells the user best. */
function parseAuths({ data = {} }: KubeObject & Secret): Record<string, DockerAuth> {
  const read = (key: string): unknown => {
    try {
      return JSON.parse(Buffer.from(data[key] ?? '', 'base64').toString('utf8'));
    } catch {
      return undefined;
    }
  };
  const modern = read('.dockerconfigjson') as { auths?: Record<string, DockerAuth> } | undefined;
  const old = read('.dockercfg') as Record<string, DockerAuth> | undefined;
  return modern?.auths ?? old ?? {};
}

/** `https://index.docker.io/v1/` and the like name Docker Hub. */
function hostOf(registry: string): string {
  const host = registry.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return /^(index\.|registry-1\.)?docker\.io$/.test(host) ? 'docker.io' : host;
}
