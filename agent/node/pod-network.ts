import { isIPv4 } from 'node:net';
import { join } from 'node:path';
import type { Logger } from '../../shared/log.ts';
import { readIfExists, writeAtomic } from '../host/files.ts';
import type { AgentPaths } from '../paths.ts';

/** The network that pods got their addresses from until now; undefined when none was kept, or nothing that can be read. */
export async function readPodNetwork(paths: AgentPaths, log: Logger): Promise<string | undefined> {
  const kept = (await readIfExists(fileOf(paths)))?.trim();
  if (kept === undefined || isNetwork(kept)) return kept;
  log.warn('the kept pod network is damaged; a controller is asked for it again', { file: fileOf(paths) });
  return undefined;
}

export function keepPodNetwork(paths: AgentPaths, podCIDR: string): Promise<void> {
  return writeAtomic(fileOf(paths), `${podCIDR}\n`);
}

function fileOf(paths: AgentPaths): string {
  return join(paths.data, 'pod-network');
}

/** IPv4 with room for a gateway and pods, as `10.90.3.0/24`. */
function isNetwork(text: string): boolean {
  const [address = '', length = ''] = text.split('/');
  return isIPv4(address) && /^\d{1,2}$/.test(length) && Number(length) >= 8 && Number(length) <= 30;
}
