import type { Manifest } from './manifests.ts';
import type { ResourceNames, ServedResource } from './resource-names.ts';

/** A manifest whose kind the server has. */
export type ServedManifest = Manifest & { resource: ServedResource };

/**
 * Leaves out objects of APIs that the server does not have (ServiceMonitor, CustomResourceDefinition, …), with a warning
 * for each kind: charts bring them along. Throws UsageError for a kind that is misspelt or of another version.
 */
export function servedManifests(names: ResourceNames, manifests: readonly Manifest[]): ServedManifest[] {
  const skipped = new Map<string, Manifest[]>();
  const served = manifests.flatMap((manifest) => {
    const { source, object } = manifest;
    const { apiVersion, kind } = object;
    if (!names.isForeign(apiVersion, kind)) {
      return [{ ...manifest, resource: names.findKind(apiVersion, kind, source) }];
    }
    const why = `the server has no ${kind} in ${apiVersion}`;
    skipped.set(why, [...(skipped.get(why) ?? []), manifest]);
    return [];
  });
  for (const [why, alike] of skipped) process.stderr.write(`Warning: ${describeSkipped(alike)} skipped: ${why}\n`);
  return served;
}

function describeSkipped([first, ...more]: readonly Manifest[]): string {
  const label = `${first?.source}: ${first?.object.kind} "${first?.object.metadata.name}"`;
  return more.length === 0 ? `${label} is` : `${label} and ${more.length} more are`;
}

/** Namespaces before what may live in them, else in the order of the files. */
export function namespacesFirst<M extends Manifest>(manifests: readonly M[]): M[] {
  return [...manifests.filter(isNamespace), ...manifests.filter((manifest) => !isNamespace(manifest))];
}

/** Whether the manifests bring this namespace along. */
export function bringsNamespace(manifests: readonly Manifest[], name: string): boolean {
  return manifests.some((manifest) => isNamespace(manifest) && manifest.object.metadata.name === name);
}

function isNamespace({ object: { apiVersion, kind } }: Manifest): boolean {
  return apiVersion === 'v1' && kind === 'Namespace';
}
