import { Command } from 'commander';
import { parseDurationMs } from '../durations.ts';
import { outputOption, printValue } from '../print/output.ts';
import { resourcePath } from '../client/resource-names.ts';
import { withApiOptions, withSession, type ApiOptions, type Session } from '../client/session.ts';
import { collect } from './creating.ts';

interface TokenOptions extends ApiOptions {
  duration?: number;
  audience?: string[];
  boundObjectKind?: string;
  boundObjectName?: string;
  boundObjectUid?: string;
  output?: string;
}

interface TokenRequest {
  status: { token: string };
}

/** `create token robot`: prints what lets a program in as that account. Nothing is stored. */
export function accountTokenCommand(): Command {
  const command = new Command('token')
    .description('A token of an account of pods, printed')
    .argument('<account>', 'which serviceaccount')
    .option('--duration <time>', 'how long it is good for, as 24h', parseDurationMs)
    .option('--audience <names>', 'for whom', collect)
    .option('--bound-object-kind <kind>', 'it ends with an object of this kind: Pod, Secret or Node')
    .option('--bound-object-name <name>', 'of this name')
    .option('--bound-object-uid <uid>', 'and only with this very one')
    .addOption(outputOption('json', 'yaml', 'jsonpath=…'))
    .action((account: string, options: TokenOptions) =>
      withSession(options, (session) => printToken(session, account, options)),
    );
  return withApiOptions(command, [
    'berth create token robot',
    'berth create token robot --duration=24h --audience=vault',
  ]);
}

async function printToken(
  { client, names, namespace }: Session,
  account: string,
  options: TokenOptions,
): Promise<void> {
  const { duration, audience: audiences, boundObjectKind: kind, boundObjectName: name, boundObjectUid: uid } = options;
  const expirationSeconds = duration === undefined ? undefined : Math.ceil(duration / 1000);
  const boundObjectRef = kind === undefined ? undefined : { apiVersion: 'v1', kind, name, uid };
  const path = `${resourcePath(names.findKind('v1', 'ServiceAccount'), namespace, account)}/token`;
  const made = await client.call<TokenRequest>('POST', path, {
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences, expirationSeconds, boundObjectRef },
    },
  });
  if (options.output === undefined) process.stdout.write(`${made.status.token}\n`);
  else printValue(made, options.output);
}
