/** A run of numbers, both ends included. */
export interface NumberRange {
  first: number;
  last: number;
  /** Numbers below are given out last: they are left to those who name the one they want. */
  dynamicFrom: number;
}

/** The network of the Services' own addresses. */
export const serviceNetwork = '10.96.0.0/16';

const network = readAddress('10.96.0.0') ?? 0;

/** Its addresses without the first and the last, which name the network and everybody in it. */
export const serviceAddresses: NumberRange = { first: network + 1, last: network + 65_534, dynamicFrom: network + 256 };

/** The ports that nodes keep for Services. */
export const nodePorts: NumberRange = { first: 30_000, last: 32_767, dynamicFrom: 30_086 };

/** The address of the API itself, Service `default/kubernetes`; nobody else gets it. */
export const kubernetesAddress = formatAddress(serviceAddresses.first);

/** A number of the range that is not taken, chosen by chance so that a number given back rests a while. */
export function pickFree(
  { first, last, dynamicFrom }: NumberRange,
  isTaken: (number: number) => boolean,
  random: () => number,
): number | undefined {
  for (const [from, to] of [
    [dynamicFrom, last],
    [first, dynamicFrom - 1],
  ] as const) {
    const size = to - from + 1;
    const start = Math.floor(random() * size);
    for (let step = 0; step < size; step += 1) {
      const number = from + ((start + step) % size);
      if (!isTaken(number)) return number;
    }
  }
  return undefined;
}

export function isWithin({ first, last }: NumberRange, number: number): boolean {
  return number >= first && number <= last;
}

/** An IPv4 address as a number; undefined when it is none. */
export function readAddress(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split('.').map(Number);
  return bytes.some((byte) => byte > 255) ? undefined : bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}
