import { Command } from 'commander';
import { formatColumns, printValue } from './output.ts';
import { withApiOptions, withSession, type ApiOptions } from './session.ts';
import { UsageError } from './usage.ts';
import { parseDurationMs } from './wait.ts';

interface TokenInfo {
  id: string;
  expires: string;
  usesLeft: number;
}

interface CreateOptions extends ApiOptions {
  ttl: string;
  uses: string;
  output?: string;
}

/** `berth token create|list|revoke`: what `berth agent --join` needs. */
export function tokenCommand(): Command {
  const token = new Command('token').description('Make and take back the tokens that let machines join');
  token.addCommand(
    withApiOptions(new Command('create'))
      .description('Make a token and print it')
      .option('--ttl <duration>', 'valid for so long', '24h')
      .option('--uses <count>', 'good for so many machines', '1')
      .option('-o, --output <format>', 'json or yaml')
      .action((options: CreateOptions) =>
        withSession(options, async ({ client }) => {
          const uses = Number(options.uses);
          if (!Number.isSafeInteger(uses) || uses < 1) throw new UsageError('--uses is a number from 1 on');
          const body = { ttlMs: parseDurationMs(options.ttl), uses };
          const made = await client.call<{ token: string }>('POST', '/berth/v1/tokens', { body });
          if (options.output === undefined) process.stdout.write(`${made.token}\n`);
          else printValue(made, options.output);
        }),
      ),
  );
  token.addCommand(
    withApiOptions(new Command('list'))
      .description('List the tokens, without their secrets')
      .option('-o, --output <format>', 'json or yaml')
      .action((options: ApiOptions & { output?: string }) =>
        withSession(options, async ({ client }) => {
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
    withApiOptions(new Command('revoke'))
      .description('Take a token back; machines that joined with it stay')
      .argument('<id>', 'as berth token list shows it')
      .action((id: string, options: ApiOptions) =>
        withSession(options, async ({ client }) => {
          await client.call('DELETE', `/berth/v1/tokens/${encodeURIComponent(id)}`);
          process.stdout.write(`token ${id} revoked\n`);
        }),
      ),
  );
  return token;
}
