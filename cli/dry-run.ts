import { Option } from 'commander';

export type DryRun = 'none' | 'client' | 'server';

/** `--dry-run`: the server checks everything and stores nothing; `client` means the same here. */
export function dryRunOption(): Option {
  return new Option('--dry-run [how]', 'check and show, change nothing')
    .choices(['server', 'client', 'none'])
    .preset('server');
}

export function dryRunQuery({ dryRun = 'none' }: { dryRun?: DryRun }): { dryRun: string | undefined } {
  return { dryRun: dryRun === 'none' ? undefined : 'All' };
}

/** Ends the line that tells what was not done. */
export function dryRunSuffix({ dryRun = 'none' }: { dryRun?: DryRun }): string {
  if (dryRun === 'none') return '';
  return dryRun === 'server' ? ' (server dry run)' : ' (dry run)';
}
