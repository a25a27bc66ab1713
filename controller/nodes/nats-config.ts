import { createHash } from 'node:crypto';
import type { ServerClaims } from './jwt.ts';

/** PEM files, and the hash of the certificate in them. */
export interface TlsFiles {
  certFile: string;
  keyFile: string;
  fingerprint: string;
}

export interface NatsServerConfig {
  listen: { host: string; port: number };
  /** Absent: no TLS, for tests only. */
  tls?: TlsFiles;
  logFile: string;
  claims: ServerClaims;
}

export interface Version {
  major: number;
  minor: number;
  patch: number;
}

/** Reads `nats-server: v2.9.10`; undefined when it is something else. */
export function parseVersion(text: string): Version | undefined {
  const match = /v?(\d+)\.(\d+)\.(\d+)/.exec(text);
  if (match === null) return undefined;
  return { major: Number(match[1]), minor: Number(match[2]), patch: Number(match[3]) };
}

export function isAtLeast(version: Version, [major, minor, patch]: readonly [number, number, number]): boolean {
  if (version.major !== major) return version.major > major;
  if (version.minor !== minor) return version.minor > minor;
  return version.patch >= patch;
}

/** Servers of the same name have the same settings; certificates and claims are read again without a restart. */
export function serverName({ listen, tls, logFile, claims }: NatsServerConfig): string {
  const identity = JSON.stringify([listen, tls?.certFile, tls?.keyFile, logFile, claims.accountId, claims.systemId]);
  return `berth-${createHash('sha256').update(identity).digest('hex').slice(0, 12)}`;
}

/** The server's configuration file, with nothing in it that `version` does not know. */
export function renderConfig(config: NatsServerConfig, version: Version): string {
  const { listen, tls, logFile, claims } = config;
  const accounts = Object.entries(claims.accounts).map(([id, jwt]) => `  ${id}: ${quote(jwt)}`);
  return [
    `server_name: ${quote(serverName(config))}`,
    `listen: ${quote(`${listen.host}:${listen.port}`)}`,
    `log_file: ${quote(logFile)}`,
    'logfile_size_limit: 10MB',
    ...(isAtLeast(version, [2, 10, 0]) ? ['logfile_max_num: 3'] : []),
    'max_payload: 8MB',
    'max_pending: 64MB',
    'write_deadline: "10s"',
    ...(tls === undefined ? [] : [renderTls(tls, version)]),
    `operator: ${quote(claims.operatorJwt)}`,
    `system_account: ${quote(claims.systemId)}`,
    'resolver: MEMORY',
    'resolver_preload {',
    ...accounts,
    '}',
    '',
  ].join('\n');
}

/** The fingerprint is no setting: it makes the text another one when the files have changed. */
function renderTls({ certFile, keyFile, fingerprint }: TlsFiles, version: Version): string {
  const minimum = isAtLeast(version, [2, 10, 0]) ? ' min_version: "1.2",' : '';
  return `# ${fingerprint}\ntls {${minimum} cert_file: ${quote(certFile)}, key_file: ${quote(keyFile)}, timeout: 5 }`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
