import { Command } from 'commander';
import { currentContext, getContexts, getNames, type GetContextsOptions } from './contexts.ts';
import { deleteEntry, renameContext, setContext, switchContext, type SetContextOptions } from './change.ts';
import { viewConfig, type ViewOptions } from './view.ts';
import { kubeconfigPath } from '../client/kubeconfig.ts';
import { withKubeconfigOption } from '../client/session.ts';
import { formatExamples } from '../examples.ts';
import { outputOption } from '../print/output.ts';

interface FileOption {
  kubeconfig?: string;
}

/** `berth config`: contexts of the kubeconfig that every other command reads. */
export function configCommand(): Command {
  const config = new Command('config')
    .description('Show and change the kubeconfig: contexts, and their namespace')
    .addHelpText(
      'after',
      formatExamples([
        'berth config get-contexts',
        'berth config use-context berth',
        'berth config set-context --current --namespace=shop',
      ]),
    );
  addReaders(config);
  addWriters(config);
  return config;
}

function add(config: Command, command: Command, examples: string[]): void {
  config.addCommand(withKubeconfigOption(command, examples));
}

function addReaders(config: Command): void {
  const view = new Command('view')
    .description('Show it, without its secrets')
    .addOption(outputOption('yaml', 'json', 'jsonpath=…'))
    .option('--raw', 'with tokens, keys and certificates')
    .option('--minify', 'only what the current context uses')
    .option('--flatten', 'with the content of the files that it names, and all that --raw shows')
    .option('--context <name>', 'with --minify: of this context')
    .action((options: ViewOptions & FileOption) => viewConfig(kubeconfigPath(options.kubeconfig), options));
  add(config, view, ['berth config view --minify', "berth config view -o jsonpath='{.clusters[*].cluster.server}'"]);
  const current = new Command('current-context')
    .description('Print the name of the current context')
    .action((options: FileOption) => currentContext(kubeconfigPath(options.kubeconfig)));
  add(config, current, ['berth config current-context']);
  const contexts = new Command('get-contexts')
    .description('List the contexts, or those of these names')
    .argument('[context...]', 'names')
    .addOption(outputOption('name'))
    .option('--no-headers', 'leave the headings out')
    .action((names: string[], options: GetContextsOptions & FileOption) =>
      getContexts(kubeconfigPath(options.kubeconfig), names, options),
    );
  add(config, contexts, ['berth config get-contexts', 'berth config get-contexts -o name']);
  for (const list of ['clusters', 'users'] as const) {
    const names = new Command(`get-${list}`)
      .description(`List the names of the ${list}`)
      .action((options: FileOption) => getNames(kubeconfigPath(options.kubeconfig), list));
    add(config, names, [`berth config get-${list}`]);
  }
}

function addWriters(config: Command): void {
  const use = new Command('use-context')
    .alias('use')
    .description('Make a context the current one')
    .argument('<context>', 'its name')
    .action((name: string, options: FileOption) => switchContext(kubeconfigPath(options.kubeconfig), name));
  add(config, use, ['berth config use-context berth']);
  const set = new Command('set-context')
    .description('Change a context, or make one')
    .argument('[context]', 'its name')
    .option('--current', 'the current one')
    .option('-n, --namespace <name>', 'the namespace that commands act in when they name none')
    .option('--cluster <name>', 'an entry of the clusters')
    .option('--user <name>', 'an entry of the users')
    .action((name: string | undefined, options: SetContextOptions & FileOption) =>
      setContext(kubeconfigPath(options.kubeconfig), name, options),
    );
  add(config, set, [
    'berth config set-context --current --namespace=shop',
    'berth config set-context shop --cluster=berth --user=berth --namespace=shop',
  ]);
  const rename = new Command('rename-context')
    .description('Give a context another name')
    .argument('<context>', 'its name')
    .argument('<new-name>', 'its new name')
    .action((from: string, to: string, options: FileOption) =>
      renameContext(kubeconfigPath(options.kubeconfig), from, to),
    );
  add(config, rename, ['berth config rename-context berth home']);
  for (const list of ['contexts', 'clusters', 'users'] as const) {
    const kind = list.slice(0, -1);
    const remove = new Command(`delete-${kind}`)
      .description(`Remove a ${kind} from the file`)
      .argument(`<${kind}>`, 'its name')
      .action((name: string, options: FileOption) => deleteEntry(kubeconfigPath(options.kubeconfig), list, name));
    add(config, remove, [`berth config delete-${kind} old`]);
  }
}
