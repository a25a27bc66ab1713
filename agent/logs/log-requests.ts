import { join } from 'node:path';
import { type ByteStream, channel } from '../../shared/bus/byte-stream.ts';
import type { NodeLogsRequest } from '../../shared/bus/messages.ts';
import type { Clock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/errors.ts';
import type { AgentPaths } from '../paths.ts';
import { readLogs } from './log-reader.ts';

interface Deps {
  paths: Pick<AgentPaths, 'logs'>;
  clock: Clock;
  /** Says that this container may write more, now or after a restart. */
  mayRun: (uid: string, container: string) => boolean;
}

const chunkBytes = 32 << 10;

/** Answers a controller that asks for the log of a container. */
export class LogRequests {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Writes the log to the session, until its end or until the other side goes. Throws NotFound and BadRequest. */
  async serve(request: NodeLogsRequest, stream: ByteStream, signal: AbortSignal): Promise<void> {
    const { uid, container, query } = request;
    const { clock, mayRun } = this.#deps;
    const isFinal = (): boolean => !mayRun(uid, container);
    for await (const bytes of readLogs(this.#directoryOf(request), query, signal, { clock, isFinal })) {
      for (let from = 0; from < bytes.length; from += chunkBytes) {
        await stream.write(channel.stdout, bytes.subarray(from, from + chunkBytes));
      }
    }
  }

  /** Names come from the bus: each must be one plain part of a path. */
  #directoryOf({ namespace, pod, uid, container }: NodeLogsRequest): string {
    for (const part of [namespace, pod, uid, container]) {
      if (!/^[A-Za-z0-9][-.A-Za-z0-9]*$/.test(part)) throw new ApiError('BadRequest', `not a name: ${part}`);
    }
    return join(this.#deps.paths.logs, `${namespace}_${pod}_${uid}`, container);
  }
}
