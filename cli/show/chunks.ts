import type { ApiClient, CallOptions } from '../client/client.ts';
import type { Table } from '../print/table.ts';

/** A list of objects, or of rows. */
type Listed = { items?: unknown[]; metadata?: { continue?: string } } | Table;

/**
 * Reads a list some objects at a time, so that a large one keeps neither the server nor others waiting, and gives it as
 * one; what is no list comes as it is. A size of 0 asks for all at once.
 */
export async function callInChunks<T extends Listed>(
  client: ApiClient,
  path: string,
  { query, ...options }: CallOptions,
  size: number,
): Promise<T> {
  const limit = size === 0 ? undefined : String(size);
  const first = await client.call<T>('GET', path, { ...options, query: { ...query, limit } });
  let rest = first.metadata?.continue;
  while (rest !== undefined && rest !== '') {
    const next = await client.call<T>('GET', path, { ...options, query: { ...query, limit, continue: rest } });
    append(first, next);
    rest = next.metadata?.continue;
  }
  return first;
}

function append(first: Listed, next: Listed): void {
  if ('rows' in first && 'rows' in next) first.rows.push(...next.rows);
  else if ('items' in first && 'items' in next) first.items?.push(...(next.items ?? []));
}
