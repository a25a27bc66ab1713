import { ApiError } from '../../shared/errors.ts';

/** What is kept of a pool: who has which address, and where the search for a free one goes on. */
export interface PoolState {
  next: number;
  /** Address by owner. */
  owned: Record<string, string>;
}

/** Addresses of one IPv4 range. The first is the gateway's; a released one comes around again last. */
export class AddressPool {
  readonly gateway: string;
  readonly prefixLength: number;
  readonly #base: number;
  readonly #size: number;
  #state: PoolState;

  /** Throws BadRequest for a range without room for a gateway and one pod. */
  constructor(cidr: string, state: PoolState = { next: 2, owned: {} }) {
    const [address = '', length = ''] = cidr.split('/');
    this.prefixLength = Number(length);
    this.#size = 2 ** (32 - this.prefixLength);
    if (!/^\d+$/.test(length) || this.#size < 4 || this.#size > 2 ** 24) {
      throw new ApiError('BadRequest', `"${cidr}" is no range of pod addresses`);
    }
    const number = toNumber(address);
    this.#base = number - (number % this.#size);
    this.gateway = toAddress(this.#base + 1);
    this.#state = { next: state.next, owned: { ...state.owned } };
  }

  get state(): PoolState {
    return { next: this.#state.next, owned: { ...this.#state.owned } };
  }

  addressOf(owner: string): string | undefined {
    return this.#state.owned[owner];
  }

  /** The address of the owner, a new one unless it has one. Throws ServiceUnavailable when none is free. */
  take(owner: string): string {
    const held = this.#state.owned[owner];
    if (held !== undefined) return held;
    const taken = new Set(Object.values(this.#state.owned));
    const last = this.#size - 2; // the range's own address, the gateway and the broadcast address are no pod's
    for (let step = 0; step < last - 1; step += 1) {
      const offset = 2 + ((Math.max(0, this.#state.next - 2) + step) % (last - 1));
      const address = toAddress(this.#base + offset);
      if (taken.has(address)) continue;
      this.#state = { next: offset + 1, owned: { ...this.#state.owned, [owner]: address } };
      return address;
    }
    throw new ApiError('ServiceUnavailable', 'no free pod address on this node');
  }

  /** Succeeds when it has none. */
  release(owner: string): void {
    const { [owner]: _gone, ...owned } = this.#state.owned;
    this.#state = { ...this.#state, owned };
  }
}

function toNumber(address: string): number {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) {
    throw new ApiError('BadRequest', `"${address}" is no IPv4 address`);
  }
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
