import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { readYaml } from '../../shared/yaml.ts';
import type { RegistryCredentials } from './image-service.ts';
import { normalizeRegistry } from './reference.ts';

/** How to speak with one registry. */
export interface RegistrySettings {
  /** Base URLs asked before the registry itself, in order: `https://mirror.example.com`. Pull only. */
  mirrors: string[];
  /** HTTP without TLS. Absent: only for loopback addresses. */
  plainHttp?: boolean;
  /** Accept any certificate. */
  skipVerify: boolean;
  /** PEM text of certificates trusted besides the system's. */
  ca?: string;
  username?: string;
  password?: string;
}

/** By registry host with port, as in image names. */
export type Registries = ReadonlyMap<string, RegistrySettings>;

/** Where the settings are that all agents of a data directory share. */
export function registriesFile(dataDir: string): string {
  return join(resolve(dataDir), 'registries.yaml');
}

const knownKeys = new Set(['mirrors', 'plainHttp', 'skipVerify', 'ca', 'username', 'password', 'passwordFile']);

/**
 * Reads `registries.yaml`; without the file there are no settings. Its shape, everything optional:
 *
 *     registries:
 *       registry.example.com:5000:
 *         mirrors: [https://mirror.example.com]
 *         plainHttp: false
 *         skipVerify: false
 *         ca: registry-ca.pem        # beside this file
 *         username: robot
 *         passwordFile: robot.secret # or password
 */
export async function readRegistries(path: string): Promise<Registries> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  try {
    const root = asRecord(readYaml(text) ?? {}, 'the file');
    const table = asRecord(root.registries ?? {}, 'registries');
    const settings = await Promise.all(
      Object.entries(table).map(async ([host, value]): Promise<[string, RegistrySettings]> => {
        return [normalizeRegistry(host), await readOne(asRecord(value ?? {}, host), host, dirname(path))];
      }),
    );
    return new Map(settings);
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
}

async function readOne(value: Record<string, unknown>, host: string, folder: string): Promise<RegistrySettings> {
  const unknown = Object.keys(value).find((key) => !knownKeys.has(key));
  if (unknown !== undefined) throw new Error(`${host}: unknown key "${unknown}"`);
  const text = (key: string): string | undefined => {
    const found = value[key];
    if (found !== undefined && typeof found !== 'string') throw new Error(`${host}.${key} must be a string`);
    return found;
  };
  const flag = (key: string): boolean | undefined => {
    const found = value[key];
    if (found !== undefined && typeof found !== 'boolean') throw new Error(`${host}.${key} must be true or false`);
    return found;
  };
  const file = async (name: string): Promise<string> => readFile(resolve(folder, name), 'utf8');
  const [ca, passwordFile] = [text('ca'), text('passwordFile')];
  return {
    mirrors: readMirrors(value.mirrors ?? [], host),
    plainHttp: flag('plainHttp'),
    skipVerify: flag('skipVerify') ?? false,
    ca: ca === undefined ? undefined : await file(ca),
    username: text('username'),
    password: passwordFile === undefined ? text('password') : (await file(passwordFile)).trimEnd(),
  };
}

function readMirrors(value: unknown, host: string): string[] {
  const isList = Array.isArray(value) && value.every((mirror): mirror is string => typeof mirror === 'string');
  if (!isList) throw new Error(`${host}.mirrors must be a list of URLs`);
  const wrong = value.find((mirror) => !/^https?:\/\/[^/@]+/.test(mirror));
  if (wrong !== undefined) throw new Error(`${host}.mirrors: "${wrong}" is not an http or https URL`);
  return value;
}

function asRecord(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} must be a mapping`);
  return value as Record<string, unknown>;
}

/** Credentials in the settings, in the form of pull secrets. */
export function settingsCredentials(registries: Registries): RegistryCredentials[] {
  return [...registries].flatMap(([registry, { username, password }]) =>
    username === undefined || password === undefined ? [] : [{ registry, username, password }],
  );
}
