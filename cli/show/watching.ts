import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError, hasReason, type Reason } from '../../shared/errors.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import type { ApiClient, CallOptions } from '../client/client.ts';
import { objectLabel, resourcePath } from '../client/resource-names.ts';
import type { ObjectRef } from '../client/selection.ts';
import type { Session } from '../client/session.ts';

/** One event of a watch. */
export interface Change<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';
  object: T;
}

/** Changes from a version on, until the server or the network ends the stream. Throws Expired when the version is too old. */
export async function* watchChanges<T>(
  client: ApiClient,
  path: string,
  { query, ...options }: CallOptions,
): AsyncGenerator<Change<T>> {
  const response = await client.open('GET', path, { ...options, query: { ...query, watch: 'true' } });
  try {
    for await (const line of createInterface({ input: response })) {
      const { type, object } = JSON.parse(line) as Change<T> | { type: 'ERROR'; object: Refusal };
      if (type === 'ERROR') throw new ApiError(object.reason ?? 'InternalError', object.message ?? 'the watch failed');
      yield { type, object };
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
  } finally {
    response.destroy();
  }
}

interface Followed {
  path: string;
  query: Record<string, string | undefined>;
  accept?: string;
  from: string | undefined;
}

/** Tells of changes until it is interrupted or the server is gone: a stream that ends is taken up where it stopped. */
export async function followChanges<T extends { metadata?: { resourceVersion?: string } }>(
  client: ApiClient,
  { path, query, accept, from }: Followed,
  tell: (object: T) => void,
): Promise<never> {
  let version = from;
  for (;;) {
    const began = performance.now();
    try {
      const options = { query: { ...query, resourceVersion: version }, ...(accept !== undefined && { accept }) };
      for await (const { type, object } of watchChanges<T>(client, path, options)) {
        version = object.metadata?.resourceVersion ?? version;
        if (type !== 'BOOKMARK') tell(object);
      }
    } catch (error) {
      if (!hasReason(error, 'Expired')) throw error;
      version = undefined; // everything as it is now comes first then
    }
    await sleep(Math.max(0, began + 1000 - performance.now()));
  }
}

interface Refusal {
  reason?: Reason;
  message?: string;
}

/** More than any timer of Node.js can wait is as good as for ever. */
const longestMs = 2 ** 31 - 1;

/**
 * Follows one object until `isDone` says so; it gets undefined while the object does not exist. Throws after `timeoutMs`
 * with a message that names the object and what was waited for.
 */
export async function waitFor(
  { client }: Session,
  { resource, namespace, name }: ObjectRef,
  what: string,
  timeoutMs: number,
  isDone: (object: KubeObject | undefined) => boolean,
): Promise<void> {
  const deadline = AbortSignal.timeout(Math.min(Math.ceil(timeoutMs), longestMs));
  const path = resourcePath(resource, namespace);
  const query = { fieldSelector: `metadata.name=${name}` };
  try {
    for (;;) {
      const list = await client.call<{ items: KubeObject[]; metadata: { resourceVersion: string } }>('GET', path, {
        query,
        signal: deadline,
      });
      if (isDone(list.items[0])) return;
      const from = { ...query, resourceVersion: list.metadata.resourceVersion };
      if (await watchUntil(client, path, from, deadline, isDone)) return;
    }
  } catch (error) {
    if (!deadline.aborted) throw error;
    throw new Error(`timed out waiting for ${what} of ${objectLabel(resource, name)}`, { cause: error });
  }
}

async function watchUntil(
  client: ApiClient,
  path: string,
  query: Record<string, string>,
  signal: AbortSignal,
  isDone: (object: KubeObject | undefined) => boolean,
): Promise<boolean> {
  try {
    for await (const { type, object } of watchChanges<KubeObject>(client, path, { query, signal })) {
      if (type !== 'BOOKMARK' && isDone(type === 'DELETED' ? undefined : object)) return true;
    }
  } catch (error) {
    if (!hasReason(error, 'Expired')) throw error;
  }
  signal.throwIfAborted();
  return false;
}
