import type { Command } from 'commander';
import { programCommand } from '../programs.ts';

/** `berth controller`: the control plane alone, for hosts of their own. */
export function controllerCommand(): Command {
  return programCommand('controller', 'Run the control plane in the foreground');
}
