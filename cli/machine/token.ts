import { Command } from 'commander';
import { parseDurationMs, parseWhole } from '../durations.ts';
import { formatExamples } from '../examples.ts';
import { formatColumns, outputOption, printValue } from '../print/output.ts';
import { withApiOptions, withClient, type ApiOptions } from '../client/session.ts';
import { UsageError } from '../usage.ts';

interface TokenInfo {
  id: string;
  expires: string;
  usesLeft: number;
}

interface CreateOptions extends ApiOptions {
  ttl: number;
  uses: number;
  output?: string;
}

/** `berth token create|list|revoke`: what `berth agent --join` needs. */
export function tokenCommand(): Command {
  const token = new Command('token')
    .description('Make and take back tokens that let machines join')
    .addHelpText('after', formatExamples(['berth token create --uses 2', 'berth token revoke ID']));
  token.addCommand(
    withApiOptions(new Command('create'), ['berth token create', 'berth token create --ttl 1h --uses 3'])
      .description('Make a token and print it')
      .option('--ttl <duration>', 'valid for so long', parseDurationMs, 86_400_000)
      .option('--uses <count>', 'good for so many machines', parseWhole, 1)
      .addOption(outputOption('json', 'yaml'))
      .action((options: CreateOptions) =>
        withClient(options, async (client) => {
          if (options.uses < 1) throw new UsageError('--uses is a number from 1 on');
          const body = { ttlMs: options.ttl, uses: options.uses };
          const made = await client.call<{ token: string }>('POST', '/berth/v1/tokens', { body });
          if (options.output === undefined) process.stdout.write(`${made.token}\n`);
          else printValue(made, options.output);
        }),
      ),
  );
  token.addCommand(
    withApiOptions(new Command('list'), ['berth token list'])
      .description('List the tokens, without their secrets')
      .addOption(outputOption('json', 'yaml'))
      .action((options: ApiOptions & { output?: string }) =>
        withClient(options, async (client) => {
          const { items } = await client.call<{ items: TokenInfo[] }>('GET', '/berth/v1/tokens');
          if (options.output !== undefined) printValue(items, options.output);
          else {
            const rows = items.map(({ id, expires, usesLeft }) => [id, expires, String(usesLeft)]);
            process.stdout.write(formatColumns([['ID', 'EXPIRES', 'USES LEFT'], ...rows]));
          }
        }),
      ),
  );
  token.addCommand(
    withApiOptions(new Command('revoke'), ['berth token revoke 4f2a91'])
      .description('Take a token back; machines that joined with it stay')
      .argument('<id>', 'as berth token list shows it')
      .addOption(outputOption('json', 'yaml'))
      .action((id: string, options: ApiOptions & { output?: string }) =>
        withClient(options, async (client) => {
          await client.call('DELETE', `/berth/v1/tokens/${encodeURIComponent(id)}`);
          if (options.output === undefined) process.stdout.write(`token ${id} revoked\n`);
          else printValue({ id, revoked: true }, options.output);
        }),
      ),
  );
  return token;
}
