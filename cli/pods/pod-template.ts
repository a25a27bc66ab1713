import { podTemplatePath } from '../../shared/objects/pod-template.ts';
import type { Container, KubeObject, PodSpec } from '../../shared/objects/types.ts';
import type { ServedResource } from '../client/resource-names.ts';

/** Where kinds that make pods, and pods themselves, say what runs in them. */
function wayOf(kind: string): string[] {
  return [...(podTemplatePath(kind) ?? ['spec', 'template']), 'spec'];
}

/** The pod spec of an object. Throws for one that has none. */
export function podSpecOf({ kind }: ServedResource, object: KubeObject): PodSpec {
  const found = wayOf(kind).reduce<unknown>(
    (part, key) => (part as Record<string, unknown> | undefined)?.[key],
    object,
  );
  if ((found as PodSpec | undefined)?.containers === undefined) throw new Error(`${kind} has no pods of its own`);
  return found as PodSpec;
}

/** A patch that changes something of the pod spec. */
export function patchOfPodSpec({ kind }: ServedResource, change: object): object {
  return wayOf(kind).reduceRight<object>((inner, key) => ({ [key]: inner }), change);
}

/** A container and which list it is in. */
export interface Listed {
  list: 'containers' | 'initContainers';
  container: Container;
}

/** Containers by name, `*` for all. Throws when none has the name. */
export function containersNamed({ containers, initContainers = [] }: PodSpec, pattern: string): Listed[] {
  const all: Listed[] = [
    ...containers.map((container) => ({ list: 'containers' as const, container })),
    ...initContainers.map((container) => ({ list: 'initContainers' as const, container })),
  ];
  const found = all.filter(({ list, container }) =>
    pattern === '*' ? list === 'containers' : container.name === pattern,
  );
  if (found.length === 0) throw new Error(`unable to find container named "${pattern}"`);
  return found;
}
