import { release } from 'node:os';

/**
 * Skips the test, or in a hook all tests of its block, when something it needs is not on this machine; the report then
 * names it behind each of them.
 */
export function needs(context: Mocha.Context, isThere: boolean, what: string): void {
  const runnable = context.test;
  if (isThere || runnable === undefined) return;
  const note = (test: { title: string }): void => {
    test.title += ` (skipped: needs ${what})`;
  };
  if (runnable.parent?.tests.some((test) => test === runnable) === true) note(runnable);
  else runnable.parent?.eachTest(note);
  context.skip();
}

/** Users of a pod's own, with volumes on memory: the kernel of Debian 12 cannot map the ids of those. */
export function needsMappedMemory(context: Mocha.Context): void {
  const [major = 0, minor = 0] = release()
    .split('.')
    .map((part) => Number.parseInt(part, 10));
  needs(context, major > 6 || (major === 6 && minor >= 3), 'Linux 6.3');
}

/** Most tests of what containers, mounts and networks do. */
export function needsRoot(context: Mocha.Context): void {
  needs(context, process.getuid?.() === 0, 'root');
}
