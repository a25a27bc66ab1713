import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../shared/clock.ts';
import { ApiError } from '../../../shared/errors.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ListResult } from '../../store/store.ts';

/** A list that a client is reading in pages, as it was at the first page. */
interface Pin {
  list: ListResult<KubeObject>;
  /** The request it belongs to: path and selectors. */
  scope: string;
  due: number;
}

const lifeMs = 300_000;
/** Bounds the memory that objects deleted or replaced meanwhile take. */
const maxPins = 200;

/**
 * Keeps the lists that clients read in pages, so that all pages show one version. A pin lives five minutes from its last
 * page; the oldest make room. What is gone answers Expired, and the client starts again.
 */
export class PinnedLists {
  readonly #clock: Clock;
  readonly #pins = new Map<string, Pin>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A continue token for what comes after `offset`. `id` is that of the pin so far, if there is one. */
  pin(list: ListResult<KubeObject>, scope: string, offset: number, id = randomBytes(12).toString('base64url')): string {
    const now = this.#clock.monotonic();
    this.#pins.delete(id);
    this.#pins.set(id, { list, scope, due: now + lifeMs });
    for (const [key, { due }] of this.#pins) {
      if (due > now && this.#pins.size <= maxPins) break;
      this.#pins.delete(key);
    }
    return Buffer.from(JSON.stringify([id, offset])).toString('base64url');
  }

  /** Throws BadRequest for a token that is none or belongs to another list, Expired when its list is gone. */
  resume(token: string, scope: string): { list: ListResult<KubeObject>; offset: number; id: string } {
    const { id, offset } = decode(token);
    const pin = this.#pins.get(id);
    if (pin === undefined || pin.due <= this.#clock.monotonic()) {
      const message =
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.';
      throw new ApiError('Expired', message);
    }
    if (pin.scope !== scope) throw new ApiError('BadRequest', 'continue key is not valid for this list');
    return { list: pin.list, offset, id };
  }
}

function decode(token: string): { id: string; offset: number } {
  try {
    const [id, offset] = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as unknown[];
    if (typeof id === 'string' && Number.isSafeInteger(offset) && (offset as number) > 0) {
      return { id, offset: offset as number };
    }
  } catch {
    // Not a token of this server; refused below.
  }
  throw new ApiError('BadRequest', 'continue key is not valid');
}
