import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseManifests } from '../../cli/client/manifests.ts';
import { served } from '../../shared/objects/resources.ts';
import { servedVersions } from '../../shared/objects/versions/served-version.ts';
import type { KubeObject } from '../../shared/objects/types.ts';

const root = join(import.meta.dirname, '../..');
const realManifests = join(root, '../shared/real-manifests');

/** Whether manifests of real projects lie beside the repository. */
export const hasRealManifests = existsSync(realManifests);

/** A file as users bring it. */
export interface KubeFile {
  /** Relative to the repository. */
  name: string;
  text: string;
  /** `kind/namespace/name` of each object that Berth stores. */
  identities: string[];
  /** The same without the documents whose API Berth does not have: kubectl fails on those, as it does on Kubernetes without their definitions. */
  servedText: string;
}

/** All examples, charts and real manifests; files of Compose and of kustomize are no Kubernetes files. */
export function kubeFiles(): KubeFile[] {
  return [join(root, 'manifests'), import.meta.dirname, realManifests]
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.yaml'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !/\/(compose|stack|kustomization)\.yaml$|\/compose\//.test(path))
    .sort()
    .map(readKubeFile);
}

function readKubeFile(path: string): KubeFile {
  const text = readFileSync(path, 'utf8');
  const parts = text.split(/^---(?=\s|$)/m).filter((part) => objectsOf(part).every(isServed));
  return {
    name: relative(root, path),
    text,
    identities: parts.flatMap(objectsOf).map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`),
    servedText: parts.join('---'),
  };
}

function objectsOf(part: string): KubeObject[] {
  return parseManifests('a part', part).map(({ object }) => object);
}

const groupVersions = new Set(
  [...served, ...servedVersions.map(({ info }) => info)].map(({ group, version, kind }) =>
    [...(group === '' ? [] : [group]), version, kind].join('/'),
  ),
);

function isServed({ apiVersion, kind }: KubeObject): boolean {
  return groupVersions.has(`${apiVersion}/${kind}`);
}

/** As few batches as possible in which no object is in two files. */
export function batches(files: readonly KubeFile[]): KubeFile[][] {
  const found: { files: KubeFile[]; taken: Set<string> }[] = [];
  for (const file of files) {
    let batch = found.find(({ taken }) => file.identities.every((identity) => !taken.has(identity)));
    if (batch === undefined) found.push((batch = { files: [], taken: new Set() }));
    batch.files.push(file);
    for (const identity of file.identities) batch.taken.add(identity);
  }
  return found.map((batch) => batch.files);
}
