import { errnoCode } from '../host/libc.ts';
import { run, type RunResult } from '../host/run.ts';

/**
 * Lets traffic of the bridge through where another program (Docker) set the policy of FORWARD to DROP: an accept in a
 * table of our own would not help, since a drop anywhere is final. Does nothing without iptables or with policy ACCEPT.
 */
export async function allowForwarding(bridge: string): Promise<void> {
  const policy = await iptables(['-S', 'FORWARD']);
  if (policy === undefined || !policy.stdout.includes('-P FORWARD DROP')) return;
  const rules = policy.stdout.split('\n');
  for (const direction of ['-i', '-o']) {
    const rule = `-A FORWARD ${direction} ${bridge} -j ACCEPT`;
    if (!rules.includes(rule)) await iptables(['-I', 'FORWARD', direction, bridge, '-j', 'ACCEPT']);
  }
}

async function iptables(args: string[]): Promise<RunResult | undefined> {
  try {
    return await run('iptables', ['-w', ...args], { timeoutMs: 15_000 });
  } catch (error) {
    if (errnoCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
