import { readdirSync, readFileSync } from 'node:fs';
import type { AgentPaths } from '../../agent/paths.ts';
import { identifyProcess } from '../../shared/process-identity.ts';

/** Container ids with `<pid>@<start time>` of their first process, from the process table: what runs, whoever says what. */
export function containerProcesses({ cgroup }: Pick<AgentPaths, 'cgroup'>): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const [, id] = new RegExp(`${cgroup}/(?:[^/\n]+/)*([^/\n]+)`).exec(read(name, 'cgroup')) ?? [];
    const [, numbers = ''] = /^NSpid:\s+(.*)$/m.exec(read(name, 'status')) ?? [];
    const identity = identifyProcess(Number(name));
    if (id !== undefined && identity !== undefined && /\s1$/.test(numbers)) {
      found.set(id, `${name}@${identity.startTime}`);
    }
  }
  return found;
}

/** '' when the process ended meanwhile. */
function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
