import { existsSync, readdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readDockerConfig } from '../../agent/images/docker-config.ts';
import type { PullOptions, RegistryCredentials } from '../../agent/images/image-service.ts';
import { OciImageStore } from '../../agent/images/oci-image-store.ts';
import { parseReference } from '../../agent/images/reference.ts';
import { readRegistries, type Registries, registriesFile } from '../../agent/images/registry-settings.ts';
import { agentPaths } from '../../agent/paths.ts';
import { systemClock } from '../../shared/clock.ts';
import { jsonLogger } from '../../shared/log.ts';
import { showProgress } from './image-output.ts';
import { UsageError } from '../usage.ts';

/** Which store. */
export interface StoreOptions {
  dataDir: string;
  /** Absent: the only node of the data directory, or the one that `berth up` would make. */
  nodeName?: string;
}

/** How to speak with the registry of a name. */
export interface RegistryOptions extends StoreOptions {
  username?: string;
  passwordStdin?: boolean;
  insecure?: boolean;
  plainHttp?: boolean;
}

/** Opens the store for one command; an interrupt ends what it does and leaves nothing half done. */
export async function withImageStore(
  options: StoreOptions | RegistryOptions,
  names: readonly string[],
  work: (store: OciImageStore, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const paths = agentPaths(options.dataDir, options.nodeName ?? onlyNode(options.dataDir));
  const registries = withFlags(await readRegistries(registriesFile(options.dataDir)), options, names);
  const store = new OciImageStore({ directory: paths.images, clock: systemClock, log: jsonLogger('warn'), registries });
  const stopping = new AbortController();
  const stop = (): void => stopping.abort(new Error('interrupted'));
  process.once('SIGINT', stop);
  try {
    await store.open();
    await work(store, stopping.signal);
  } finally {
    process.off('SIGINT', stop);
    await store.close();
  }
}

function onlyNode(dataDir: string): string {
  const agents = join(dataDir, 'agents');
  const names = existsSync(agents) ? readdirSync(agents) : [];
  if (names.length > 1)
    throw new UsageError(`several nodes keep images in ${dataDir}: name one with --node-name: ${names.join(', ')}`);
  return names[0] ?? hostname().toLowerCase();
}

function withFlags(registries: Registries, options: RegistryOptions, names: readonly string[]): Registries {
  if (options.insecure !== true && options.plainHttp !== true) return registries;
  const changed = names.map((name): [string, NonNullable<ReturnType<Registries['get']>>] => {
    const { registry } = parseReference(name);
    const known = registries.get(registry) ?? { mirrors: [], skipVerify: false };
    const plainHttp = options.plainHttp ?? known.plainHttp;
    return [registry, { ...known, plainHttp, skipVerify: options.insecure ?? known.skipVerify }];
  });
  return new Map([...registries, ...changed]);
}

/** Credentials of the flags, then those that `docker login` has kept. */
export async function pullOptions(
  options: RegistryOptions,
  names: readonly string[],
  signal: AbortSignal,
): Promise<PullOptions> {
  const given = await givenCredentials(options, names);
  return { credentials: [...given, ...(await readDockerConfig())], onProgress: showProgress, signal };
}

async function givenCredentials(options: RegistryOptions, names: readonly string[]): Promise<RegistryCredentials[]> {
  const { username, passwordStdin } = options;
  if (username === undefined && passwordStdin === undefined) return [];
  if (username === undefined || passwordStdin !== true) {
    throw new UsageError('--username and --password-stdin belong together');
  }
  let password = '';
  for await (const piece of process.stdin.setEncoding('utf8')) password += String(piece);
  password = password.replace(/\r?\n$/, '');
  return names.map((name) => ({ registry: parseReference(name).registry, username, password }));
}
