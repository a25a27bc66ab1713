import type { Agent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { http } from '../../shared/http.ts';
import { lookupElsewhere } from './local-addresses.ts';
import { normalizeRegistry } from './reference.ts';
import type { Registries, RegistrySettings } from './registry-settings.ts';

/** A place that answers for a registry: itself or a mirror. */
export interface Endpoint {
  /** Registry as in image names; a mirror's is its own host. Credentials are looked up by it. */
  registry: string;
  /** Without a slash at its end. */
  base: string;
}

const hubHost = 'registry-1.docker.io';
const connectionsPerHost = 16;

/** Where registries are and with which TLS settings one speaks with them. */
export class Endpoints {
  readonly #registries: Registries;
  readonly #agents = new Map<string, Agent>();

  constructor(registries: Registries) {
    this.#registries = registries;
  }

  /** The mirrors, then the registry itself. */
  forPull(registry: string): Endpoint[] {
    const mirrors = this.#registries.get(registry)?.mirrors ?? [];
    const toEndpoint = (mirror: string): Endpoint => ({
      registry: normalizeRegistry(new URL(mirror).host),
      base: mirror.replace(/\/+$/, ''),
    });
    return [...mirrors.map(toEndpoint), this.itself(registry)];
  }

  /** Plain HTTP is for loopback addresses, and where the settings say so. */
  itself(registry: string): Endpoint {
    const host = registry === 'docker.io' ? hubHost : registry;
    const isPlain = this.#registries.get(registry)?.plainHttp ?? isLoopback(registry);
    return { registry, base: `${isPlain ? 'http' : 'https'}://${host}` };
  }

  /**
   * What connects to `url` for an endpoint, through the proxy that the environment names. Elsewhere than at the endpoint
   * itself, certificates are always checked; `isElsewhere` says that no name may lead to this machine or its link.
   */
  agent(url: URL, endpoint: Endpoint, isElsewhere: boolean): Agent {
    const settings = this.#registries.get(endpoint.registry);
    const isOwn = url.origin === new URL(endpoint.base).origin;
    const tls = { ca: settings?.ca, skipVerify: isOwn && settings?.skipVerify === true };
    const [isSecure, isDirect] = [url.protocol === 'https:', isLoopback(url.host)];
    const key = JSON.stringify([tls, isSecure, isDirect, isElsewhere]);
    const known = this.#agents.get(key);
    if (known !== undefined) return known;
    const made = makeAgent(tls, isSecure, { isDirect, isElsewhere });
    this.#agents.set(key, made);
    return made;
  }

  /** Ends all connections. */
  close(): void {
    for (const agent of this.#agents.values()) agent.destroy();
    this.#agents.clear();
  }
}

type Tls = Pick<RegistrySettings, 'ca' | 'skipVerify'>;

interface Route {
  /** Not through a proxy. */
  isDirect: boolean;
  isElsewhere: boolean;
}

function makeAgent({ ca, skipVerify }: Tls, isSecure: boolean, { isDirect, isElsewhere }: Route): Agent {
  const proxy = isDirect ? {} : { proxyEnv: process.env };
  const lookup = isElsewhere ? { lookup: lookupElsewhere } : {};
  const options = { keepAlive: true, maxSockets: connectionsPerHost, ...proxy, ...lookup };
  if (!isSecure) return new http.Agent(options);
  // One context for all connections: reading hundreds of certificates takes a while.
  return new HttpsAgent({ ...options, secureContext: trust(ca), rejectUnauthorized: !skipVerify });
}

/** Node's own authorities, those of this machine, and one more. */
function trust(ca: string | undefined): SecureContext {
  const own = ca === undefined ? [] : [ca];
  return createSecureContext({ ca: [...getCACertificates('default'), ...getCACertificates('system'), ...own] });
}

/** 127.0.0.0/8, ::1 and localhost, with or without a port. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name);
}
