import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../shared/clock.ts';
import { ApiError } from '../../../shared/errors.ts';
import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ListResult } from '../../store/store.ts';
import { ExpiredPage } from '../http/expired-page.ts';

/** A list that a client is reading in pages, as it was at the first page. */
interface Pin {
  list: ListResult<KubeObject>;
  due: number;
}

/** Where a client is: what its token says. */
interface Place {
  /** Of the request that the list belongs to. */
  scope: string;
  /** Of the pin; '': the list as it is now. */
  id: string;
  /** The last object that it has. */
  namespace: string;
  name: string;
}

const lifeMs = 300_000;
/** Bounds the memory that objects deleted or replaced meanwhile take. */
const maxPins = 200;

/**
 * Keeps the lists that clients read in pages, so that all pages show one version. A pin lives five minutes from its last
 * page; the oldest make room, and none outlives the process. What is gone answers Expired, with a token for those who
 * would rather have the rest as it is now than start again.
 */
export class PinnedLists {
  readonly #clock: Clock;
  readonly #pins = new Map<string, Pin>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * A continue token for what comes after `last`. `request` is the path and the selectors; `id` that of the pin so far,
   * if there is one.
   */
  pin(
    list: ListResult<KubeObject>,
    request: string,
    { metadata }: KubeObject,
    id = randomBytes(12).toString('base64url'),
  ): string {
    const now = this.#clock.monotonic();
    this.#pins.delete(id);
    this.#pins.set(id, { list, due: now + lifeMs });
    for (const [key, { due }] of this.#pins) {
      if (due > now && this.#pins.size <= maxPins) break;
      this.#pins.delete(key);
    }
    return encode({ scope: digest(request), id, namespace: metadata.namespace ?? '', name: metadata.name });
  }

  /**
   * The list of a token, and where its next page begins. `id` is absent when it is `current`. Throws BadRequest for a
   * token that is none or belongs to another list, ExpiredPage when its list is gone.
   */
  resume(
    token: string,
    request: string,
    current: ListResult<KubeObject>,
  ): { list: ListResult<KubeObject>; offset: number; id?: string } {
    const place = decode(token);
    if (place.scope !== digest(request)) throw new ApiError('BadRequest', 'continue key is not valid for this list');
    if (place.id === '') return { list: current, offset: offsetAfter(current.items, place) };
    const pin = this.#pins.get(place.id);
    if (pin === undefined || pin.due <= this.#clock.monotonic()) throw new ExpiredPage(encode({ ...place, id: '' }));
    return { list: pin.list, offset: offsetAfter(pin.list.items, place), id: place.id };
  }
}

/** Lists are in the order of namespace and name. */
function offsetAfter(items: readonly KubeObject[], { namespace, name }: Place): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const { namespace: itsNamespace = '', name: itsName = '' } = items[middle]?.metadata ?? {};
    const isAfter = itsNamespace === namespace ? itsName > name : itsNamespace > namespace;
    if (isAfter) high = middle;
    else low = middle + 1;
  }
  return low;
}

function digest(request: string): string {
  return createHash('sha256').update(request).digest('base64url').slice(0, 16);
}

function encode({ scope, id, namespace, name }: Place): string {
  return Buffer.from(JSON.stringify([scope, id, namespace, name])).toString('base64url');
}

function decode(token: string): Place {
  try {
    const parts = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as unknown[];
    if (parts.length === 4 && parts.every((part) => typeof part === 'string')) {
      const [scope = '', id = '', namespace = '', name = ''] = parts;
      return { scope, id, namespace, name };
    }
  } catch {
    // Not a token of this server; refused below.
  }
  throw new ApiError('BadRequest', 'continue key is not valid');
}
