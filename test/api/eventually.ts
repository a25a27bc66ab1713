import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when `isTrue` says so; throws when it did not within the deadline. */
export async function eventually(isTrue: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await isTrue())) {
    if (performance.now() > end) throw new Error('the condition did not come true in time');
    await sleep(5);
  }
}
