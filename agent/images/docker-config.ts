import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { RegistryCredentials } from './image-service.ts';
import { normalizeRegistry } from './reference.ts';

interface DockerAuth {
  auth?: string;
  username?: string;
  password?: string;
}

/** Credentials of a Docker `config.json` (also the content of `kubernetes.io/dockerconfigjson`). Throws when it is no JSON. */
export function parseDockerConfig(text: string): RegistryCredentials[] {
  const config = JSON.parse(text) as { auths?: Record<string, DockerAuth> } | null;
  return Object.entries(config?.auths ?? {}).flatMap(([server, entry]) => {
    const [username = '', ...rest] = Buffer.from(entry.auth ?? '', 'base64')
      .toString()
      .split(':');
    const credentials = {
      registry: registryOf(server),
      username: entry.username ?? username,
      password: entry.password ?? rest.join(':'),
    };
    return credentials.username === '' ? [] : [credentials];
  });
}

/** Servers are written as hosts or as URLs: `https://index.docker.io/v1/`. */
function registryOf(server: string): string {
  return normalizeRegistry(server.replace(/^https?:\/\//, '').replace(/\/.*$/, ''));
}

/** What `docker login` has kept for this user; nothing when there is no file. Credential helpers are not asked. */
export async function readDockerConfig(
  path = join(process.env.DOCKER_CONFIG ?? join(homedir(), '.docker'), 'config.json'),
): Promise<RegistryCredentials[]> {
  const text = await readFile(path, 'utf8').catch(() => '{}');
  return parseDockerConfig(text);
}
