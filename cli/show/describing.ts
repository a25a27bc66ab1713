import type { KubeObject, LabelSelector, Pod, Stored } from '../../shared/objects/types.ts';
import { hasReason } from '../../shared/errors.ts';
import { resourcePath } from '../client/resource-names.ts';
import type { Session } from '../client/session.ts';
import { formatSelector } from '../pods/pods-of.ts';
import type { Sheet } from '../print/sheet.ts';

/** What is told of one object of a kind, besides its metadata. */
export type Describe = (session: Session, object: never) => Sheet | Promise<Sheet>;

/** Objects of another kind that belong to what is described; none where the user may not read them. */
export async function related<T>(
  { client, names }: Session,
  [apiVersion, kind]: readonly [apiVersion: string, kind: string],
  namespace: string | undefined,
  query: Record<string, string> = {},
): Promise<Stored<T>[]> {
  try {
    const path = resourcePath(names.findKind(apiVersion, kind), namespace);
    return (await client.call<{ items: Stored<T>[] }>('GET', path, { query })).items;
  } catch (error) {
    if (hasReason(error, 'Forbidden')) return [];
    throw error;
  }
}

/** `ReplicaSet/web`, or undefined for what nothing controls. */
export function controllerOf({ metadata }: KubeObject): string | undefined {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller);
  return owner && `${owner.kind}/${owner.name}`;
}

/** How many pods are in each phase, in kubectl's words. */
export function formatPhases(pods: readonly Stored<Pod>[]): string {
  const count = (phase: string): number => pods.filter(({ status }) => (status?.phase ?? 'Pending') === phase).length;
  return (
    `${count('Running')} Running / ${count('Pending')} Waiting / ` +
    `${count('Succeeded')} Succeeded / ${count('Failed')} Failed`
  );
}

/** A selector as text; `<none>` for one that is missing or selects by nothing. */
export function selectorText(selector: LabelSelector | Record<string, string> | undefined): string {
  return formatSelector({ spec: { selector } } as Parameters<typeof formatSelector>[0]) || '<none>';
}

/** Words with commas between, or `<none>`. */
export function listed(words: readonly (string | number)[] | undefined, separator = ','): string {
  return words?.join(separator) || '<none>';
}
