import { CommanderError, type Command } from 'commander';
import { hasReason, messageOf, type ApiError } from '../shared/errors.ts';
import { SettingsError } from '../shared/settings.ts';
import { readFlagsAsKubectl } from '../shared/flag-values.ts';
import { complainInOneLine } from '../shared/usage-line.ts';
import { EndedAtStart } from './machine/ended-at-start.ts';
import { helpStyle } from './help.ts';
import { UsageError } from './usage.ts';

/** Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
export const exitCodes = { failed: 1, usage: 2, interrupted: 130 } as const;

/** Makes a command and those below it read their flags alike, tell wrong usage on one line, and show help alike. */
export function prepare(command: Command): Command {
  complainInOneLine(readFlagsAsKubectl(command)).configureHelp(helpStyle);
  for (const child of command.commands) prepare(child);
  return command;
}

/** Prints what was thrown on one line and says which exit code it means. */
export function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage;
  if (error instanceof EndedAtStart) return error.code === exitCodes.usage ? exitCodes.usage : exitCodes.failed;
  process.stderr.write(`berth: ${describeFailure(error)}\n`);
  return isUsage(error) ? exitCodes.usage : exitCodes.failed;
}

/** Tells of the failure of one of several objects; the command goes on and fails at its end. */
export function reportOne(error: unknown, source?: string): void {
  process.stderr.write(`berth: ${source === undefined ? '' : `${source}: `}${describeFailure(error)}\n`);
  process.exitCode = Math.max(Number(process.exitCode ?? 0), isUsage(error) ? exitCodes.usage : exitCodes.failed);
}

function isUsage(error: unknown): boolean {
  return error instanceof UsageError || error instanceof SettingsError;
}

/** What went wrong, on one line, with what to do about it where that is known. */
export function describeFailure(error: unknown): string {
  if (hasReason(error, 'Conflict') && isOwnership(error)) return describeOwnership(error);
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === 'ECONNRESET') return 'the connection to the server was lost';
  return messageOf(error)
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ');
}

function isOwnership({ details }: ApiError): boolean {
  return details.causes?.some(({ reason }) => reason === 'FieldManagerConflict') ?? false;
}

function describeOwnership({ details }: ApiError): string {
  const fields = (details.causes ?? []).map(({ field = '', message }) => `${field} (${message})`);
  return `others have set ${fields.join(', ')}; --force-conflicts takes these fields over`;
}
