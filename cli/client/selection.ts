import { Option, type Command } from 'commander';
import type { KubeObject } from '../../shared/objects/types.ts';
import { readManifests } from './manifests.ts';
import { parseTargets, resourcePath, type ResourceNames, type ServedResource, type Target } from './resource-names.ts';
import { servedManifests } from './served-manifests.ts';
import type { Session } from './session.ts';
import { UsageError } from '../usage.ts';

/** One object, wherever it is. */
export interface ObjectRef {
  resource: ServedResource;
  namespace: string | undefined;
  name: string;
}

export interface FileOptions {
  filename?: string[];
  recursive?: boolean;
}

/** Which objects a command means, besides its words. */
export interface SelectOptions extends FileOptions {
  selector?: string;
  fieldSelector?: string;
  all?: boolean;
  allNamespaces?: boolean;
}

/** Adds `-f` and `-R`. */
export function withFiles(command: Command, what: string): Command {
  const collect = (path: string, paths: string[] = []): string[] => [...paths, ...path.split(',')];
  return command
    .option(
      '-f, --filename <path>',
      `${what}: a file, directory, URL or - for standard input; may be repeated`,
      collect,
    )
    .option('-R, --recursive', 'look into directories below')
    .addOption(new Option('-k, --kustomize <directory>').hideHelp().argParser(refuseOverlay));

  function refuseOverlay(directory: string): never {
    const { parent } = command;
    const name = parent?.parent == null ? command.name() : `${parent.name()} ${command.name()}`;
    const instead = `use kubectl kustomize ${directory} | berth ${name} -f -`;
    throw new UsageError(`berth has no kustomize of its own; ${instead}`);
  }
}

/** Adds `-l` and `--all`. */
export function withSelector(command: Command): Command {
  return command
    .option('-l, --selector <labels>', 'objects with these labels, as app=web')
    .option('--all', 'all objects of the type in the namespace');
}

/** Objects that manifests name, in the order of the files, without those of APIs that the server does not have. */
export async function namedInFiles(
  names: ResourceNames,
  namespace: string,
  { filename = [], recursive = false }: FileOptions,
): Promise<ObjectRef[]> {
  const manifests = await readManifests(filename, recursive);
  return servedManifests(names, manifests).map(({ resource, object }) => ({
    resource,
    namespace: object.metadata.namespace ?? namespace,
    name: object.metadata.name,
  }));
}

/** The objects that a command acts on: named by its words or by manifests, or chosen by label. Throws UsageError when nothing says which. */
export async function selectObjects(
  { client, names, namespace }: Session,
  words: readonly string[],
  options: SelectOptions,
): Promise<ObjectRef[]> {
  if (options.filename !== undefined) {
    if (words.length > 0) throw new UsageError('name objects or files, not both');
    return namedInFiles(names, namespace, options);
  }
  const selected: ObjectRef[] = [];
  for (const { resource, name } of parseTargets(words, names)) {
    if (name !== undefined) {
      if (options.selector !== undefined) throw new UsageError('name objects or use -l, not both');
      selected.push({ resource, namespace, name });
      continue;
    }
    requireChoice(options);
    const query = { labelSelector: options.selector, fieldSelector: options.fieldSelector };
    const path = resourcePath(resource, options.allNamespaces === true ? undefined : namespace);
    const { items } = await client.call<{ items: KubeObject[] }>('GET', path, { query });
    selected.push(...items.map(({ metadata }) => ({ resource, namespace: metadata.namespace, name: metadata.name })));
  }
  return selected;
}

function requireChoice({ selector, fieldSelector, all }: SelectOptions): void {
  if (selector === undefined && fieldSelector === undefined && all !== true) {
    throw new UsageError('name the objects, or choose them with -l, or all of them with --all');
  }
}

/** URL path of an object. */
export function pathOf({ resource, namespace, name }: ObjectRef): string {
  return resourcePath(resource, namespace, name);
}

/** Words that must name objects, as those of `rollout`: a type alone is wrong usage. */
export function requireNames(targets: readonly Target[]): Required<Target>[] {
  return targets.map(({ resource, name }) => {
    if (name === undefined) throw new UsageError(`name the ${resource.singular}, as ${resource.singular}/web`);
    return { resource, name };
  });
}
