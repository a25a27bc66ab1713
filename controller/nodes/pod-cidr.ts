/** IPv4 networks as `10.90.3.0/24`. */
interface Network {
  first: number;
  last: number;
}

const nodePrefix = 24;
const nodeSize = 2 ** (32 - nodePrefix);

/**
 * The first /24 of the cluster's network that meets neither another node's network nor one that the host routes
 * elsewhere; undefined when there is none left. What is not an IPv4 network is ignored, but for `cluster`.
 */
export function allocatePodCidr(
  cluster: string,
  taken: readonly string[],
  routes: readonly string[],
): string | undefined {
  const whole = parseNetwork(cluster);
  if (whole === undefined || whole.last - whole.first + 1 < nodeSize) {
    throw new Error(`the pod network ${cluster} must be an IPv4 network of /${nodePrefix} or larger`);
  }
  const blocked = [...taken, ...routes].map(parseNetwork).filter((network) => network !== undefined);
  for (let first = whole.first; first < whole.last; first += nodeSize) {
    const last = first + nodeSize - 1;
    if (!blocked.some((other) => other.first <= last && first <= other.last)) return `${format(first)}/${nodePrefix}`;
  }
  return undefined;
}

function parseNetwork(text: string): Network | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [a, b, c, d] = match.slice(1, 5).map(Number);
  const prefix = Number(match[5] ?? 32);
  const bytes = [a, b, c, d].filter((byte) => byte !== undefined && byte <= 255);
  // A default route would block everything and says nothing about pod networks.
  if (bytes.length < 4 || prefix > 32 || prefix === 0) return undefined;
  const size = 2 ** (32 - prefix);
  const address = bytes.reduce((sum: number, byte) => sum * 256 + (byte ?? 0), 0);
  const first = address - (address % size);
  return { first, last: first + size - 1 };
}

function format(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
