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

/** Most tests of what containers, mounts and networks do. */
export function needsRoot(context: Mocha.Context): void {
  needs(context, process.getuid?.() === 0, 'root');
}
