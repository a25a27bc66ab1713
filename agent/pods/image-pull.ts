import type { Clock } from '../../shared/clock.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Container, Pod, Stored } from '../../shared/objects/types.ts';
import { ImageError, type ImageRecord, type ImageService } from '../images/image-service.ts';
import type { ConfigSource } from '../volumes/volumes.ts';
import type { PodEvents } from './pod-events.ts';
import { pullCredentials } from './pull-secrets.ts';
import { StepFailure } from './step-failure.ts';

export interface PullDeps {
  images: ImageService;
  config: ConfigSource;
  clock: Clock;
  events: PodEvents;
}

/** The image of a container, pulled as its policy says. Throws StepFailure with the waiting reason. */
export async function ensureImage(
  pod: Stored<Pod>,
  container: Container,
  deps: PullDeps,
  signal: AbortSignal,
): Promise<ImageRecord> {
  const { image = '', imagePullPolicy = 'IfNotPresent', name } = container;
  try {
    const present = imagePullPolicy === 'Always' ? undefined : await deps.images.find(image);
    if (present !== undefined) {
      deps.events.normal('Pulled', `Container image "${image}" already present on machine`, name);
      return present;
    }
    if (imagePullPolicy === 'Never') {
      throw new StepFailure('ErrImageNeverPull', `Container image "${image}" is not present with pull policy of Never`);
    }
    return await pull(pod, container, deps, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw failureOf(error, image, name, deps.events);
  }
}

async function pull(pod: Stored<Pod>, container: Container, deps: PullDeps, signal: AbortSignal): Promise<ImageRecord> {
  const { image = '', name } = container;
  const { credentials, missing } = pullCredentials(pod, deps.config);
  if (missing.length > 0) {
    const text = `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`;
    deps.events.warning('FailedToRetrieveImagePullSecret', text);
  }
  deps.events.normal('Pulling', `Pulling image "${image}"`, name);
  const began = deps.clock.monotonic();
  const record = await deps.images.pull(image, { credentials, signal });
  const took = shortTime(deps.clock.monotonic() - began);
  const size = `Image size: ${String(record.sizeBytes)} bytes.`;
  deps.events.normal(
    'Pulled',
    `Successfully pulled image "${image}" in ${took} (${took} including waiting). ${size}`,
    name,
  );
  return record;
}

function failureOf(error: unknown, image: string, name: string, events: PodEvents): StepFailure {
  if (error instanceof StepFailure) {
    events.warning(error.reason, error.message, name);
    events.warning('Failed', `Error: ${error.reason}`, name);
    return error;
  }
  // That nobody answers is no reason of its own to users: the message says it.
  const failure = error instanceof ImageError ? error.failure : 'ErrImagePull';
  const reason = failure === 'RegistryUnavailable' ? 'ErrImagePull' : failure;
  if (reason === 'InvalidImageName') {
    const text = `Failed to apply default image tag "${image}": ${messageOf(error)}`;
    events.warning('InspectFailed', text, name);
    events.warning('Failed', 'Error: InvalidImageName', name);
    return new StepFailure(reason, text, { cause: error });
  }
  events.warning('Failed', `Failed to pull image "${image}": ${messageOf(error)}`, name);
  events.warning('Failed', `Error: ${reason}`, name);
  return new StepFailure(reason, messageOf(error), { cause: error });
}

/** `350ms`, `1.2s`, `1m2.5s`: as Go prints durations. */
function shortTime(ms: number): string {
  const whole = Math.floor(ms);
  if (whole < 1000) return `${String(whole)}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = `${String((whole % 60_000) / 1000)}s`;
  return minutes === 0 ? seconds : `${String(minutes)}m${seconds}`;
}
