import type { Command } from 'commander';
import { programCommand } from '../programs.ts';

/** `berth agent --join TOKEN`: makes this machine a node. */
export function agentCommand(): Command {
  return programCommand('agent', 'Make this machine a node, in the foreground');
}
