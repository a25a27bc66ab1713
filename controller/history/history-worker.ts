import { parentPort, workerData } from 'node:worker_threads';
import type { LogBatch } from '../../shared/bus/messages.ts';
import { messageOf } from '../../shared/errors.ts';
import type { PodRecord } from '../../shared/objects/types.ts';
import { HistoryFile, type PageRequest } from './history-file.ts';

export interface HistoryWorkerOptions {
  path: string;
  maxBytes: number;
  maxAgeMs: number;
}

/** One request, answered by `{ id, value }` or `{ id, error }`. */
export type HistoryRequest =
  | { do: 'append'; node: string; batches: readonly LogBatch[]; now: number }
  | { do: 'streams'; namespace: string; pod: string }
  | { do: 'stream'; uid: string; container: string }
  | { do: 'page'; page: PageRequest }
  | { do: 'recordPods'; pods: readonly PodRecord[]; now: number }
  | { do: 'findPods'; uids: readonly string[] }
  | { do: 'close' };

const trimIntervalMs = 10_000;

/** Runs in a worker thread: compressing and waiting for the disk block nobody. */
function serve(): void {
  const port = parentPort;
  if (port === null) throw new Error('history-worker runs as a worker thread');
  const { path, maxBytes, maxAgeMs } = workerData as HistoryWorkerOptions;
  const file = new HistoryFile(path);
  let trimmedAt = 0;
  const answer = (request: HistoryRequest): unknown => {
    switch (request.do) {
      case 'append': {
        const next = file.append(request.node, request.batches, request.now);
        if (request.now - trimmedAt > trimIntervalMs && !file.trim(maxBytes, request.now - maxAgeMs))
          trimmedAt = request.now;
        return next;
      }
      case 'streams':
        return file.streamsOfPod(request.namespace, request.pod);
      case 'stream':
        return file.stream(request.uid, request.container);
      case 'page':
        return file.page(request.page);
      case 'recordPods':
        file.recordPods(request.pods, request.now, request.now - maxAgeMs);
        return undefined;
      case 'findPods':
        return file.findPods(request.uids);
      case 'close':
        file.close();
        return undefined;
    }
  };
  port.on('message', ({ id, request }: { id: number; request: HistoryRequest }) => {
    try {
      port.postMessage({ id, value: answer(request) });
    } catch (error) {
      port.postMessage({ id, error: messageOf(error) });
    }
    if (request.do === 'close') port.close();
  });
  port.postMessage({ id: 0, value: undefined });
}

serve();
