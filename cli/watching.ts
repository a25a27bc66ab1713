import { createInterface } from 'node:readline';
import { hasReason } from '../shared/errors.ts';
import type { KubeObject } from '../shared/objects/types.ts';
import { objectLabel, resourcePath, type ServedResource } from './resource-names.ts';
import type { Session } from './session.ts';

/** One object that is watched. */
export interface Watched {
  resource: ServedResource;
  namespace: string | undefined;
  name: string;
}

/**
 * Follows one object until `isDone` says so; it gets undefined while the object does not exist. Throws after `timeoutMs`
 * with a message that names the object and what was waited for.
 */
export async function waitFor(
  { client }: Session,
  { resource, namespace, name }: Watched,
  what: string,
  timeoutMs: number,
  isDone: (object: KubeObject | undefined) => boolean,
): Promise<void> {
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    for (;;) {
      const list = await client.call<{ items: KubeObject[]; metadata: { resourceVersion: string } }>(
        'GET',
        resourcePath(resource, namespace),
        { query: { fieldSelector: `metadata.name=${name}` }, signal: deadline },
      );
      if (isDone(list.items[0])) return;
      if (await watchUntil(client, resource, namespace, name, list.metadata.resourceVersion, deadline, isDone)) return;
    }
  } catch (error) {
    if (!deadline.aborted) throw error;
    throw new Error(`timed out waiting for ${what} of ${objectLabel(resource, name)}`, { cause: error });
  }
}

async function watchUntil(
  client: Session['client'],
  resource: ServedResource,
  namespace: string | undefined,
  name: string,
  from: string,
  signal: AbortSignal,
  isDone: (object: KubeObject | undefined) => boolean,
): Promise<boolean> {
  const response = await client
    .open('GET', resourcePath(resource, namespace), {
      query: { watch: 'true', fieldSelector: `metadata.name=${name}`, resourceVersion: from },
      signal,
    })
    .catch((error: unknown) => {
      if (hasReason(error, 'Expired')) return undefined;
      throw error;
    });
  if (response === undefined) return false;
  try {
    for await (const line of createInterface({ input: response })) {
      const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
      if (type === 'ERROR') return false;
      if (type !== 'BOOKMARK' && isDone(type === 'DELETED' ? undefined : object)) return true;
    }
    signal.throwIfAborted();
    return false;
  } finally {
    response.destroy();
  }
}
