import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** One kubectl of this machine. */
export interface KubectlProgram {
  path: string;
  minor: number;
}

/** The oldest that speaks to this API; Debian 12 has 1.20. */
const oldestMinor = 27;

/** Each minor version once: what PATH finds, and the versions that some distributions keep beside it. */
export function findKubectls(): KubectlProgram[] {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'kubectl'))
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path));
  const beside = onPath.flatMap((path) =>
    readdirSync(dirname(path))
      .filter((name) => /^kubectl\.1\.\d+$/.test(name))
      .map((name) => join(dirname(path), name)),
  );
  const programs = [...onPath, ...beside].map((path) => ({ path, minor: minorOf(path) }));
  const known = programs.filter(({ minor }) => minor >= oldestMinor);
  return [...new Map(known.toReversed().map((program) => [program.minor, program])).values()].toSorted(
    (a, b) => b.minor - a.minor,
  );
}

function minorOf(path: string): number {
  const text = execFileSync(path, ['version', '--client', '-o', 'json'], { encoding: 'utf8' });
  return Number(/"minor": "(\d+)/.exec(text)?.[1] ?? 0);
}
