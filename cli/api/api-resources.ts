import { Command, Option } from 'commander';
import { formatColumns } from '../print/columns.ts';
import { groupVersion, type ServedResource } from '../client/resource-names.ts';
import { withApiOptions, withSession, type ApiOptions } from '../client/session.ts';

interface ResourcesOptions extends ApiOptions {
  namespaced?: boolean;
  verbs?: string[];
  apiGroup?: string;
  categories?: string[];
  sortBy?: 'name' | 'kind';
  headers: boolean;
  output?: 'wide' | 'name';
}

/** `berth api-resources`: the types that the server has. */
export function apiResourcesCommand(): Command {
  const words = (text: string): string[] => text.split(',');
  const command = new Command('api-resources')
    .description('List the types that the server has')
    .option('--namespaced', 'only types in namespaces; =false: only those outside')
    .option('--verbs <verbs>', 'only types that have all these, as list,watch', words)
    .option('--api-group <group>', "only types of this group; '' for the core")
    .option('--categories <names>', 'only types in all these categories, as all', words)
    .addOption(new Option('--sort-by <what>', 'by name or kind instead of by group').choices(['name', 'kind']))
    .option('--no-headers', 'leave the headings out')
    .addOption(new Option('-o, --output <format>', 'wide: with verbs and categories').choices(['wide', 'name']))
    .action((options: ResourcesOptions) =>
      withSession(options, async ({ names }) => {
        const chosen = sort(
          names.all.filter((each) => isWanted(each, options)),
          options,
        );
        process.stdout.write(options.output === 'name' ? chosen.map(nameLine).join('') : formatTypes(chosen, options));
      }),
    );
  return withApiOptions(command, [
    'berth api-resources',
    'berth api-resources --namespaced=false -o wide',
    'berth api-resources --verbs=list --api-group=apps -o name',
  ]);
}

/** `berth api-versions`: groups and versions that the server has. */
export function apiVersionsCommand(): Command {
  const command = new Command('api-versions')
    .description('List the API versions that the server has')
    .action((options: ApiOptions) =>
      withSession(options, async ({ names }) => {
        process.stdout.write(names.versions.map((version) => `${version}\n`).join(''));
      }),
    );
  return withApiOptions(command, ['berth api-versions']);
}

function isWanted(resource: ServedResource, options: ResourcesOptions): boolean {
  const { namespaced, verbs = [], apiGroup, categories = [] } = options;
  return (
    (namespaced === undefined || resource.namespaced === namespaced) &&
    (apiGroup === undefined || resource.group === apiGroup) &&
    verbs.every((verb) => resource.verbs.includes(verb)) &&
    categories.every((category) => resource.categories.includes(category))
  );
}

function sort(resources: ServedResource[], { sortBy }: ResourcesOptions): ServedResource[] {
  const byGroup = ({ group, plural }: ServedResource): string => `${group} ${plural}`;
  const keys = { name: (each: ServedResource) => each.plural, kind: (each: ServedResource) => each.kind };
  const keyOf = sortBy === undefined ? byGroup : keys[sortBy];
  return resources.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function nameLine({ plural, group }: ServedResource): string {
  return `${group === '' ? plural : `${plural}.${group}`}\n`;
}

function formatTypes(resources: readonly ServedResource[], { headers, output }: ResourcesOptions): string {
  const isWide = output === 'wide';
  const headings = [
    'NAME',
    'SHORTNAMES',
    'APIVERSION',
    'NAMESPACED',
    'KIND',
    ...(isWide ? ['VERBS', 'CATEGORIES'] : []),
  ];
  const rows = resources.map((each) => [
    each.plural,
    each.shortNames.join(','),
    groupVersion(each),
    String(each.namespaced),
    each.kind,
    ...(isWide ? [[...each.verbs].sort().join(','), each.categories.join(',')] : []),
  ]);
  return formatColumns(headers ? [headings, ...rows] : rows);
}
