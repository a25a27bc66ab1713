import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import type { ManualClock } from '../fakes/manual-clock.ts';

/** Lets a test's time pass, and work on the disk end without taking any, until a condition holds. */
export async function untilSettled(
  clock: ManualClock,
  condition: () => boolean | Promise<boolean>,
  { stepMs = 100, steps = 3000, what = String(condition) }: { stepMs?: number; steps?: number; what?: string } = {},
): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    for (let turn = 0; turn < 10; turn += 1) await stat('/');
    if (await condition()) return;
    await clock.advance(stepMs);
  }
  assert.fail(`never came true: ${what}`);
}
