import { access } from 'node:fs/promises';
import { ApiError } from '../../../shared/errors.ts';
import type { Clock } from '../../../shared/clock.ts';
import { writeFifo } from './fifo.ts';

const deadlineMs = 5000;
const pollMs = 10;

/** Has the monitor write to a fresh log file; returns once it is there. */
export async function reopenLog(control: string, logPath: string, clock: Clock): Promise<void> {
  await writeFifo(control, '2 0 0\n');
  const deadline = clock.monotonic() + deadlineMs;
  while (
    !(await access(logPath).then(
      () => true,
      () => false,
    ))
  ) {
    if (clock.monotonic() > deadline) throw new ApiError('Timeout', `the monitor did not open ${logPath} anew`);
    await clock.sleep(pollMs);
  }
}
