import { ApiError, hasReason } from '../../shared/errors.ts';
import { formatLogLine, type LogQuery } from '../../shared/logs.ts';
import type { Node, Pod, Stored } from '../../shared/objects/types.ts';
import type { Store } from '../store/store.ts';
import type { HistoryStore, LogStream } from './history-store.ts';

/** The log of a container as its node has it. */
export interface NodeLogs {
  /** Throws ServiceUnavailable when the node does not answer. */
  logs(pod: Stored<Pod>, container: string, query: LogQuery, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

interface Deps {
  store: Store;
  history: HistoryStore;
  nodes: NodeLogs;
}

/** Logs from the node while it answers, from history when the pod or its node is gone. */
export class HistoryPodLogs {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async read(
    pod: Stored<Pod>,
    container: string,
    query: LogQuery,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const node = pod.spec?.nodeName;
    if (node !== undefined && this.#isAnswering(node)) {
      try {
        return await this.#deps.nodes.logs(pod, container, query, signal);
      } catch (error) {
        if (!hasReason(error, 'ServiceUnavailable') && !hasReason(error, 'Timeout') && !hasReason(error, 'NotFound'))
          throw error;
        const stream = await this.#deps.history.findStream(pod.metadata.uid, container);
        if (stream === undefined && query.previous !== true) throw error;
      }
    }
    const stream = await this.#deps.history.findStream(pod.metadata.uid, container);
    return this.#fromHistory(stream, pod.metadata.name, container, query, signal);
  }

  async readDeleted(
    namespace: string,
    name: string,
    container: string | undefined,
    query: LogQuery,
    signal: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const streams = await this.#deps.history.findStreams(namespace, name);
    const [newest] = streams;
    if (newest === undefined) return undefined;
    const ofPod = streams.filter(({ uid }) => uid === newest.uid);
    const stream =
      container === undefined ? onlyOne(ofPod, name) : ofPod.find((found) => found.container === container);
    if (stream === undefined) {
      throw new ApiError('BadRequest', `container ${container} is not valid for pod ${name}`);
    }
    return this.#fromHistory(stream, name, stream.container, query, signal);
  }

  #isAnswering(node: string): boolean {
    const ready = this.#deps.store
      .get<Stored<Node>>('nodes', '', node)
      ?.status?.conditions?.find(({ type }) => type === 'Ready');
    return ready !== undefined && ready.status !== 'Unknown';
  }

  #fromHistory(
    stream: LogStream | undefined,
    pod: string,
    container: string,
    query: LogQuery,
    signal: AbortSignal,
  ): AsyncIterable<Uint8Array> {
    const attempt = (stream?.lastAttempt ?? 0) - (query.previous === true ? 1 : 0);
    if (attempt < 0)
      throw new ApiError('BadRequest', `previous terminated container "${container}" in pod "${pod}" not found`);
    return stream === undefined ? nothing() : this.#format(stream, attempt, query, signal);
  }

  async *#format(
    { uid, container }: LogStream,
    attempt: number,
    query: LogQuery,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const { tailLines, sinceTime, timestamps = false, limitBytes = Number.MAX_SAFE_INTEGER } = query;
    let left = limitBytes;
    const since = sinceTime === undefined ? undefined : new Date(sinceTime).toISOString().slice(0, -1);
    for await (const lines of this.#deps.history.readLogs(uid, container, { attempt, tailLines, sinceTime: since })) {
      if (signal.aborted || left <= 0) return;
      const bytes = Buffer.from(lines.map((line) => formatLogLine(line, timestamps)).join('')).subarray(0, left);
      left -= bytes.length;
      yield bytes;
    }
  }
}

async function* nothing(): AsyncGenerator<Uint8Array, void> {
  // A container that has written nothing has an empty log.
}

function onlyOne(streams: readonly LogStream[], pod: string): LogStream | undefined {
  const names = streams.map(({ container }) => container);
  if (names.length > 1) {
    throw new ApiError(
      'BadRequest',
      `a container name must be specified for pod ${pod}, choose one of: [${names.sort().join(' ')}]`,
    );
  }
  return streams[0];
}
