import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition and fails, naming it, when it is not met in time. What the condition throws is part of the message. */
export async function until(
  isMet: () => boolean | Promise<boolean>,
  what = String(isMet),
  { withinMs = 10_000, everyMs = 20 }: { withinMs?: number; everyMs?: number } = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      if (await isMet()) return;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`not within ${withinMs} ms: ${what}`, { cause: last });
    }
    await sleep(everyMs);
  }
}
