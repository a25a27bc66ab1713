import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { BuildVersion } from './api/open-paths.ts';

/**
 * Reads the commit of the checkout around a folder of the program, and when it was built, if it was. What cannot be
 * found is ''.
 */
export function readBuildInfo(folder: string): BuildVersion {
  const parent = dirname(folder);
  const isBuilt = basename(parent) === 'dist';
  const checkout = isBuilt ? dirname(parent) : parent;
  return {
    gitCommit: orNothing(() => readCommit(join(checkout, '.git'))),
    buildDate: isBuilt ? orNothing(() => `${statSync(join(folder, 'main.js')).mtime.toISOString().slice(0, 19)}Z`) : '',
  };
}

/** A branch is a file of its own until it is packed together with others. */
function readCommit(git: string): string {
  const head = readFileSync(join(git, 'HEAD'), 'utf8').trim();
  const [, branch] = /^ref: (refs\/\S+)$/.exec(head) ?? [];
  if (branch === undefined) return commitIn(head);
  const loose = orNothing(() => commitIn(readFileSync(join(git, branch), 'utf8')));
  if (loose !== '') return loose;
  const packed = readFileSync(join(git, 'packed-refs'), 'utf8').split('\n');
  return commitIn(packed.find((line) => line.endsWith(` ${branch}`)) ?? '');
}

function commitIn(text: string): string {
  return /^[0-9a-f]{40}\b/.exec(text)?.[0] ?? '';
}

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
