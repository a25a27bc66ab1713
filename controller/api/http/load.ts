import { ApiError } from '../../../shared/errors.ts';

/** So many of each at a time, unless the server was made for fewer. */
const defaultMost = 2_000;

/**
 * What a server does at a time: requests that end soon, and streams (watches, followed logs, sessions) that last. Each
 * kind has its limit, so that no number of open watches keeps anybody from a simple request.
 */
export class Load {
  readonly #most: number;
  #requests = 0;
  #streams = 0;

  constructor(most = defaultMost) {
    this.#most = most;
  }

  /** A request begins. Every one is counted, also one that is then refused. */
  began(): void {
    this.#requests += 1;
  }

  /** It has turned out to be a stream. */
  opened(): void {
    this.#requests -= 1;
    this.#streams += 1;
  }

  ended(wasStream: boolean): void {
    if (wasStream) this.#streams -= 1;
    else this.#requests -= 1;
  }

  /** Throws TooManyRequests for the request that has begun. */
  checkRequest(): void {
    if (this.#requests > this.#most) throw tooMany('requests');
  }

  /** Throws TooManyRequests for a stream that is about to be opened. */
  checkStream(): void {
    if (this.#streams >= this.#most) throw tooMany('watches and sessions');
  }
}

function tooMany(what: string): ApiError {
  return new ApiError('TooManyRequests', `too many ${what}, please try again later`, { retryAfterSeconds: 1 });
}
