import type { Registry } from 'prom-client';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { Store } from '../store/store.ts';
import type { Authenticator } from './access/authenticator.ts';
import type { Authorizer } from './access/authorizer.ts';
import type { AccountTokens } from './access/tokens/account-tokens.ts';
import type { User } from './access/user.ts';
import type { AuditSink } from './audit/audit-log.ts';
import type { PodSecurity } from './pod-security/pod-security.ts';
import type { ResourceUsage } from './measured/resource-usage.ts';
import type { ServiceAllocator } from './services/allocator.ts';
import type { BuildVersion } from './open-paths.ts';
import type { PodExec, PodLogs } from './pod-streams.ts';

/** Certificate and key of the server, and the authority whose client certificates it accepts (all PEM). */
export interface TlsIdentity {
  certificate: string;
  privateKey: string;
  authority: string;
}

/** The request of an extension route. */
export interface ExtensionRequest {
  method: string;
  /** Values of the `:name` parts of the route's path. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  user: User;
  /** Aborted when the client is gone or the server closes. */
  signal: AbortSignal;
}

/** A route of Berth's own beside the Kubernetes API. */
export interface ExtensionRoute {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** `/berth/v1/tokens/:id` */
  path: string;
  /** The handler recognises its caller by what the body holds (a join token); nobody else is asked who they are. */
  anonymous?: true;
  /** The handler decides what its caller may do; else a right on the path is needed. */
  checksAccess?: true;
  /** `body` is parsed JSON, undefined when there was none. What it returns is sent as JSON; errors as a Status. */
  handler(body: unknown, request: ExtensionRequest): unknown;
}

/** What the API server is built from. */
export interface ApiDeps {
  store: Store;
  clock: Clock;
  log: Logger;
  /** Asked at the start and twice a day, so that a renewed certificate is served without a restart. */
  tls: () => Promise<TlsIdentity>;
  authenticator: Authenticator;
  authorizer: Authorizer;
  accountTokens: AccountTokens;
  services: ServiceAllocator;
  podSecurity: PodSecurity;
  /** Numbers from 0 to below 1, for generated names. */
  random: () => number;
  podLogs: PodLogs;
  podExec: PodExec;
  usage: ResourceUsage;
  /** Shown by `/version`; absent: nothing is known. */
  build?: BuildVersion;
  /** For how long the main thread was busy with one thing of late; absent: not known. */
  delayMs?: () => number;
  routes: readonly ExtensionRoute[];
  /** So many requests, and so many watches and sessions, at a time; more are put off. Absent: 2,000. */
  maxInflight?: number;
  registry: Registry;
  /** Where requests are written down; absent: nowhere. */
  audit?: AuditSink;
}
