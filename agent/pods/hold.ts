import { backoffMs } from '../../shared/backoff.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Hold } from './pod-view.ts';
import { StepFailure } from './step-failure.ts';

const images = ['ErrImagePull', 'ImageInspectError', 'InvalidImageName', 'ErrImageNeverPull'];
const imageBackoff = { initialMs: 10_000, maxMs: 300_000 };
const otherBackoff = { initialMs: 1000, maxMs: 60_000 };

/** Why a container could not be given other limits. */
export const resizeFailure = 'ResizeError';

/** Holds a step back after it failed, longer each time. */
export function holdAfter(error: unknown, before: Hold | undefined, now: number): Hold {
  const reason = error instanceof StepFailure ? error.reason : 'InternalError';
  const failures = (before?.failures ?? 0) + 1;
  const delay = backoffMs(failures, images.includes(reason) ? imageBackoff : otherBackoff);
  return { reason, message: messageOf(error), failures, since: now, until: now + delay };
}

/** What the pod asks for cannot be given as it is, or not yet. */
export const configFailure = 'CreateContainerConfigError';

/** Says that the failure may be over as soon as a config map or a secret changes. */
export function waitsForConfig({ reason }: Hold): boolean {
  return [configFailure, 'FailedMount', 'ErrImagePull'].includes(reason);
}
