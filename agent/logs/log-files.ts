import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * One file of a container's log. `<attempt>.log` is written to; once rotated it is called `<attempt>.log.<part>`. A file
 * has its part number from the beginning: one more than that of the newest rotated one.
 */
export interface LogFile {
  attempt: number;
  part: number;
  path: string;
  isCurrent: boolean;
}

/** The files of one container, oldest first. [] when there is no directory. */
export async function listLogFiles(directory: string): Promise<LogFile[]> {
  const names = await readdir(directory).catch(() => []);
  const rotated = names.flatMap((name): LogFile[] => {
    const match = /^(\d+)\.log\.(\d+)$/.exec(name);
    if (match === null) return [];
    return [{ attempt: Number(match[1]), part: Number(match[2]), path: join(directory, name), isCurrent: false }];
  });
  const current = names.flatMap((name): LogFile[] => {
    const attempt = Number(/^(\d+)\.log$/.exec(name)?.[1] ?? NaN);
    if (Number.isNaN(attempt)) return [];
    const parts = rotated.filter((file) => file.attempt === attempt).map(({ part }) => part);
    return [{ attempt, part: Math.max(0, ...parts) + 1, path: join(directory, name), isCurrent: true }];
  });
  return [...rotated, ...current].sort(compareFiles);
}

/** Where in the order of files. */
export type Place = Pick<LogFile, 'attempt' | 'part'>;

export function compareFiles(a: Place, b: Place): number {
  return a.attempt - b.attempt || a.part - b.part;
}

/** 0 when it is gone. Synchronous: it is asked of every log each second, and a thread's turn costs ten times the call. */
export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
