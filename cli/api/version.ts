import { Command } from 'commander';
import { outputOption, printValue } from '../print/output.ts';
import { ownVersion } from '../own-version.ts';
import { withApiOptions, withClient, type ApiOptions } from '../client/session.ts';

interface VersionOptions extends ApiOptions {
  client?: boolean;
  output?: string;
}

/** `berth version`: of this command and of the server. */
export function versionCommand(): Command {
  const command = new Command('version')
    .description('Show the versions of berth and of the server')
    .option('--client', 'of berth alone, without asking a server')
    .addOption(outputOption('json', 'yaml'))
    .action(showVersion);
  return withApiOptions(command, ['berth version', 'berth version --client', 'berth version -o json']);
}

async function showVersion(options: VersionOptions): Promise<void> {
  const clientVersion = { gitVersion: `v${ownVersion}`, platform: `${process.platform}/${process.arch}` };
  if (options.output === undefined) process.stdout.write(`Client Version: ${clientVersion.gitVersion}\n`);
  if (options.client === true) {
    if (options.output !== undefined) printValue({ clientVersion }, options.output);
    return;
  }
  const serverVersion = await withClient(options, (client) => client.call<{ gitVersion: string }>('GET', '/version'));
  if (options.output === undefined) process.stdout.write(`Server Version: ${serverVersion.gitVersion}\n`);
  else printValue({ clientVersion, serverVersion }, options.output);
}
