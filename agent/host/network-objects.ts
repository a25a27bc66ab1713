import { ApiError } from '../../shared/errors.ts';
import { errnoCode } from './libc.ts';
import { run } from './run.ts';

/** Removes the bridge, the nft tables and the forward rules of one agent. Each step is tried; succeeds when they are gone. */
export async function removeNetworkObjects({ bridge, table }: { bridge: string; table: string }): Promise<void> {
  const steps: [string, string[], RegExp][] = [
    ['ip', ['link', 'delete', bridge], /Cannot find device/],
    ['nft', ['delete', 'table', 'ip', table], /No such file or directory/],
    ['nft', ['delete', 'table', 'bridge', table], /No such file or directory|not supported/],
  ];
  const failures: string[] = [];
  for (const [command, args, gone] of steps) {
    const { code, stderr } = await run(command, args, { timeoutMs: 15_000 });
    if (code !== 0 && !gone.test(stderr)) failures.push(`${command} ${args.join(' ')}: ${stderr.trim()}`);
  }
  await removeForwardRules(bridge);
  if (failures.length > 0) throw new ApiError('InternalError', failures.join('; '));
}

async function removeForwardRules(bridge: string): Promise<void> {
  try {
    const { stdout } = await run('iptables', ['-w', '-S', 'FORWARD'], { timeoutMs: 15_000 });
    const ours = stdout.split('\n').filter((rule) => rule.startsWith('-A') && rule.split(' ').includes(bridge));
    for (const rule of ours) await run('iptables', ['-w', '-D', ...rule.split(' ').slice(1)], { timeoutMs: 15_000 });
  } catch (error) {
    if (errnoCode(error) !== 'ENOENT') throw error; // without iptables there are none
  }
}
