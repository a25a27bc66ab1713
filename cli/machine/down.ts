import { existsSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { formatExamples } from '../examples.ts';
import { agentPaths } from '../../agent/paths.ts';
import { destroyRuntime } from '../../agent/runtime/oci/destroy.ts';
import { defaultDataDir } from '../client/kubeconfig.ts';
import { endProcess, forgetProcess, livingProcesses, type ProcessRecord } from '../../shared/process-records.ts';
import { UsageError } from '../usage.ts';

interface DownOptions {
  dataDir: string;
  purge?: boolean;
}

const graceMs = 30_000;
/** `up` first, since it would start the others again; then whoever it left behind. */
const order = ['up', 'agent', 'controller', 'nats-server', 'registry'];

/** `berth down`: no process, mount, namespace, bridge, cgroup or rule of Berth's stays. */
export function downCommand(): Command {
  return new Command('down')
    .description('Stop Berth and remove its pods; data is kept')
    .option('--data-dir <dir>', 'as given to berth up', defaultDataDir)
    .option('--purge', 'remove the data too: state, images, logs, keys')
    .addHelpText('after', formatExamples(['sudo berth down', 'sudo berth down --purge']))
    .action(down);
}

/** One after the other, looked at anew each time: whoever ends may take others along. */
async function endProcesses(dataDir: string): Promise<void> {
  const rank = ({ name }: ProcessRecord): number => order.findIndex((prefix) => name.startsWith(prefix));
  for (;;) {
    const [record] = livingProcesses(dataDir).sort((a, b) => rank(a) - rank(b));
    if (record === undefined) return;
    process.stdout.write(`stopping ${record.name} (process ${record.pid})\n`);
    await endProcess(record, graceMs);
    forgetProcess(dataDir, record.name);
  }
}

async function down(options: DownOptions): Promise<void> {
  const dataDir = resolve(options.dataDir);
  if (!existsSync(dataDir)) {
    process.stdout.write(`nothing to do: ${dataDir} does not exist\n`);
    return;
  }
  const agents = join(dataDir, 'agents');
  if (!existsSync(agents) && !existsSync(join(dataDir, 'controller'))) {
    throw new UsageError(`${dataDir} is not a data directory of Berth: nothing is touched`);
  }
  if (process.getuid?.() !== 0 && existsSync(agents)) throw new UsageError('removing pods needs root');
  await endProcesses(dataDir);
  for (const nodeName of existsSync(agents) ? readdirSync(agents) : []) {
    process.stdout.write(`removing the pods of node ${nodeName}\n`);
    await destroyRuntime(agentPaths(dataDir, nodeName));
  }
  if (options.purge === true) await rm(dataDir, { recursive: true, force: true });
  process.stdout.write(options.purge === true ? `done; ${dataDir} is removed\n` : `done; data is kept in ${dataDir}\n`);
}
