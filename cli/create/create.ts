import { Command } from 'commander';
import {
  clusterRoleBindingCommand,
  clusterRoleCommand,
  roleBindingCommand,
  roleCommand,
  serviceAccountCommand,
} from './access.ts';
import { createOne, withCreateFlags, type CreateOptions } from './creating.ts';
import { configMapCommand, secretCommand } from './data.ts';
import { ingressCommand } from './ingress.ts';
import { budgetCommand, namespaceCommand, priorityClassCommand, quotaCommand } from './policies.ts';
import { serviceCommand } from './service.ts';
import { accountTokenCommand } from './token.ts';
import { cronJobCommand, deploymentCommand, jobCommand } from './workloads.ts';
import { reportOne } from '../failure.ts';
import { readManifests } from '../client/manifests.ts';
import { Results } from '../print/results.ts';
import { withFiles, type FileOptions } from '../client/selection.ts';
import { namespacesFirst, servedManifests } from '../client/served-manifests.ts';
import { withApiOptions, withSession, type Session } from '../client/session.ts';

type FromFiles = CreateOptions & FileOptions;

/** `berth create -f`, and `berth create deployment web …` for objects from flags. */
export function createCommand(): Command {
  const command = withCreateFlags(withFiles(new Command('create'), 'what to create'))
    .description('Create objects from files or from flags')
    .enablePositionalOptions() // what stands behind a subcommand is its own
    .action((options: FromFiles) => withSession(options, (session) => createAll(session, options)));
  const kinds = [
    namespaceCommand(),
    deploymentCommand(),
    jobCommand(),
    cronJobCommand(),
    configMapCommand(),
    secretCommand(),
    serviceCommand(),
    ingressCommand(),
    serviceAccountCommand(),
    accountTokenCommand(),
    roleCommand(),
    roleBindingCommand(),
    clusterRoleCommand(),
    clusterRoleBindingCommand(),
    budgetCommand(),
    quotaCommand(),
    priorityClassCommand(),
  ];
  for (const kind of kinds) command.addCommand(kind);
  return withApiOptions(command, [
    'berth create -f job.yaml',
    'berth create deployment web --image=nginx:1.27 --replicas=2',
    'berth create configmap settings --from-literal=level=info --dry-run=client -o yaml',
  ]);
}

async function createAll(session: Session, options: FromFiles): Promise<void> {
  const manifests = await readManifests(options.filename ?? [], options.recursive ?? false, true);
  const results = new Results(options.output);
  for (const { source, object } of namespacesFirst(servedManifests(session.names, manifests))) {
    await createOne(session, { ...object }, options, results).catch((error: unknown) => reportOne(error, source));
  }
  results.finish();
}
