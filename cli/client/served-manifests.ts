import type { Manifest } from './manifests.ts';
import type { ResourceNames, ServedResource } from './resource-names.ts';

/** A manifest whose kind the server has. */
export type ServedManifest = Manifest & { resource: ServedResource };

/**
 * Leaves out objects of APIs that the server does not have (ServiceMonitor, CustomResourceDefinition, …), with a warning
 * for each: charts bring them along. Throws UsageError for a kind that is misspelt or of another version.
 */
export function servedManifests(names: ResourceNames, manifests: readonly Manifest[]): ServedManifest[] {
  return manifests.flatMap((manifest) => {
    const { source, object } = manifest;
    const { apiVersion, kind, metadata } = object;
    if (!names.isForeign(apiVersion, kind)) {
      return [{ ...manifest, resource: names.findKind(apiVersion, kind, source) }];
    }
    const why = `the server has no ${kind} in ${apiVersion}`;
    process.stderr.write(`Warning: ${source}: ${kind} "${metadata.name}" is skipped: ${why}\n`);
    return [];
  });
}
