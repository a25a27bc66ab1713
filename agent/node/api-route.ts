import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { type ApiEndpoint, apiEndpointOf, apiEndpointsKey } from '../../shared/objects/api-endpoint.ts';
import type { DesiredSet } from '../controller-link.ts';

interface Deps {
  desired: Pick<DesiredSet, 'get' | 'onChange'>;
  /** Where the node found the bus, as `tls://192.0.2.10:7422`. */
  busUrls: readonly string[];
  /** The addresses of this machine. */
  ownAddresses?: () => readonly string[];
}

/** Where the API is, seen from this node. */
export class ApiRoute {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Undefined when nothing is known of it yet, or when it listens on the loopback of another machine. */
  current(): ApiEndpoint | undefined {
    const endpoint = apiEndpointOf(this.#deps.desired.get(apiEndpointsKey));
    if (endpoint === undefined || !isIPv4(endpoint.host)) return undefined;
    return isLoopback(endpoint.host) && !this.#isWithController() ? undefined : endpoint;
  }

  /** Calls `listener` whenever it may have changed. Call once. */
  onChange(listener: () => void): void {
    this.#deps.desired.onChange('endpoints/', listener);
  }

  /** The bus runs beside its controller, so whoever reaches it at an address of its own is there too. */
  #isWithController(): boolean {
    const { busUrls, ownAddresses = addressesOfThisMachine } = this.#deps;
    const own = ownAddresses();
    return busUrls.some((url) => {
      const { hostname } = new URL(url);
      return hostname === 'localhost' || isLoopback(hostname) || own.includes(hostname);
    });
  }
}

function isLoopback(host: string): boolean {
  return host.startsWith('127.');
}

function addressesOfThisMachine(): string[] {
  return Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address));
}
