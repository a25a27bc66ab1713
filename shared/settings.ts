import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { logLevels, type LogLevel } from './log.ts';

/** Thrown for a flag or variable that cannot be used; ends a program with code 2 and this one line. */
export class SettingsError extends Error {
  constructor(flag: string, problem: string) {
    super(`--${flag}: ${problem}`);
    this.name = 'SettingsError';
  }
}

export interface Address {
  host: string;
  port: number;
}

/** `127.0.0.1:7443`, `[::1]:7443`, `:7443` for all addresses; port 0 takes a free one. */
export function parseAddress(flag: string, text: string): Address {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) throw new SettingsError(flag, `"${text}" is not HOST:PORT, as 127.0.0.1:7443`);
  return { host: match[1] ?? (match[2] === '' ? '0.0.0.0' : (match[2] ?? '')), port };
}

/** An IPv4 network as `10.90.0.0/16`. */
export function parseCidr(flag: string, text: string): string {
  const [address = '', bits = ''] = text.split('/');
  const prefix = Number(bits);
  if (isIP(address) !== 4 || !/^\d+$/.test(bits) || prefix < 8 || prefix > 22) {
    throw new SettingsError(flag, `"${text}" is not an IPv4 network of /8 to /22, as 10.90.0.0/16`);
  }
  return text;
}

/** A name as Kubernetes allows for nodes (RFC 1123 subdomain): it becomes part of paths and subjects. */
export function parseNodeName(flag: string, text: string): string {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(text) || text.length > 253) {
    throw new SettingsError(flag, `"${text}" is not a node name: use lower-case letters, digits, "-" and "."`);
  }
  return text;
}

export function parseLogLevel(flag: string, text: string): LogLevel {
  const level = logLevels.find((known) => known === text);
  if (level === undefined) throw new SettingsError(flag, `"${text}" is not one of ${logLevels.join(', ')}`);
  return level;
}

export function parseDirectory(flag: string, text: string): string {
  if (text === '' || text.includes('\0') || /[:,]/.test(text)) {
    throw new SettingsError(flag, `"${text}" cannot be used: overlay mounts allow no ":" and no "," in paths`);
  }
  const path = resolve(text);
  if (/^\/(proc|sys)(\/|$)/.test(path))
    throw new SettingsError(flag, `"${text}" is no place for files: name one on a disk`);
  return path;
}
