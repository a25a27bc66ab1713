import { readFile } from 'node:fs/promises';
import { capabilitiesOfMask } from './capabilities.ts';

/** What this process may give to a container: more of it makes the runtime fail. */
export interface HostLimits {
  capabilities: ReadonlySet<string>;
  /** Hard limit of open files. */
  openFiles: number;
  /** Without CAP_SYS_RESOURCE no process may get a lower one. */
  minOomScoreAdj: number;
  cgroups: CgroupFacts;
}

/** What cgroups can limit on this machine. */
export interface CgroupFacts {
  /** Names of controllers, as memory, cpu, pids. The runtime fails on a limit whose controller is missing. */
  controllers: ReadonlySet<string>;
  /** The memory controller also counts swap. */
  hasSwapAccounting: boolean;
}

const unlimited = 1 << 30;

/** Read from /proc of this process. */
export async function readHostLimits(cgroups: CgroupFacts): Promise<HostLimits> {
  const [status, limits, adjust] = await Promise.all([
    readFile('/proc/self/status', 'utf8'),
    readFile('/proc/self/limits', 'utf8'),
    readFile('/proc/self/oom_score_adj', 'utf8'),
  ]);
  const capabilities = capabilitiesOfMask(/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0');
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? 'unlimited';
  const isFree = capabilities.has('CAP_SYS_RESOURCE');
  return {
    capabilities,
    openFiles: hard === 'unlimited' ? unlimited : Number(hard),
    minOomScoreAdj: isFree ? -1000 : Number(adjust),
    cgroups,
  };
}
