import { ApiError, hasReason, messageOf } from '../../shared/errors.ts';
import type { Container, Pod, Stored } from '../../shared/objects/types.ts';
import { orAbort } from '../../shared/or-abort.ts';
import type { ImageRecord } from '../images/image-service.ts';
import type { ProbeAction, ProbeTarget } from '../probes/prober.ts';
import type { ContainerId } from '../runtime/driver.ts';
import { containerConfig } from './container-config.ts';
import { remember } from './harvest.ts';
import { ensureImage } from './image-pull.ts';
import type { PodDeps } from './pod-deps.ts';
import type { PodEvents } from './pod-events.ts';
import { logPathOf, prepareFiles, terminationLogOf } from './pod-files.ts';
import { resizeFailure } from './hold.ts';
import type { ContainerRecord, PodRecord, Termination } from './pod-record.ts';
import { allContainers, ephemeralOf, specOf } from './pod-view.ts';
import { resizeMessage } from './resize-news.ts';
import { restartStreak } from './restart-delay.ts';
import { runtimeStateOf } from './runtime-state.ts';
import { identityOf } from './sandbox-config.ts';
import { specHashOf } from './spec-hash.ts';
import type { Step, StopReason } from './step.ts';
import { StepFailure } from './step-failure.ts';

type Start = Extract<Step, { do: 'start' }>;
type Resize = Extract<Step, { do: 'resize' }>;
type Stop = Extract<Step, { do: 'stop' }>;

/** What a step of one pod works with. */
export interface StepContext {
  deps: PodDeps;
  pod: Stored<Pod>;
  record: PodRecord;
  events: PodEvents;
  /** The pod's address, the host's with host network. */
  podIP: string;
  /** Writes the record to disk. */
  persist: () => Promise<void>;
}

/** What is left at least for the program itself after a preStop hook has used up the grace. */
const leastGraceMs = 2000;

/** Makes and starts a new attempt of a container. Throws StepFailure with the waiting reason when it could not be made. */
export async function startContainer(context: StepContext, step: Start, signal: AbortSignal): Promise<void> {
  const { deps, pod, events } = context;
  const container = containerOf(pod, step.container);
  const image = await ensureImage(pod, container, { ...deps, images: deps.driver.images, events }, signal);
  await deps.gate.run(async () => {
    const id = await create(context, step, container, image, signal);
    events.normal('Created', `Created container: ${container.name}`, container.name);
    signal.throwIfAborted();
    await boot(context, container, id);
  }, signal);
  await runPostStart(context, container, step.attempt, signal);
}

/** Starts a container that an earlier process of this agent made and did not start. */
export async function resumeContainer(
  context: StepContext,
  name: string,
  id: ContainerId,
  signal: AbortSignal,
): Promise<void> {
  const container = containerOf(context.pod, name);
  await context.deps.gate.run(() => boot(context, container, id), signal);
  await runPostStart(context, container, context.record.containers[name]?.attempt ?? 0, signal);
}

async function create(
  context: StepContext,
  { attempt, sandbox }: Start,
  container: Container,
  image: ImageRecord,
  signal: AbortSignal,
): Promise<ContainerId> {
  const { deps, pod, record, events, podIP, persist } = context;
  const logPath = logPathOf(deps.paths, identityOf(pod), container.name, attempt);
  const terminationLog = terminationLogOf(deps.paths, pod.metadata.uid, container.name, attempt);
  const { name: nodeName, hostIP, allocatable, memoryBytes: nodeMemoryBytes } = deps.node;
  const place = { nodeName, hostIP, podIP };
  const target = ephemeralOf(specOf(pod)).find(({ name }) => name === container.name)?.targetContainerName;
  const facts = {
    sandbox,
    attempt,
    image,
    logPath,
    terminationLog,
    place,
    allocatable,
    nodeMemoryBytes,
    api: deps.api(),
  };
  try {
    const sharesPidsOf = target ? await runningTarget(context, target) : undefined;
    const sources = { config: deps.config, volumes: deps.volumes, ...(sharesPidsOf && { sharesPidsOf }) };
    const made = await containerConfig(pod, container, { ...facts, ...sources });
    for (const { source, keys } of made.skipped) {
      const text = `Keys [${keys.join(', ')}] from the EnvFrom ${source} were skipped since they are considered invalid environment variable names.`;
      events.warning('InvalidEnvironmentVariableNames', text, container.name);
    }
    const id = await deps.reserve.lend(async () => {
      await prepareFiles(logPath, terminationLog);
      return deps.driver.createContainer(made.config, signal);
    });
    record.containers[container.name] = nextRecord(record.containers[container.name], attempt, image, container, made);
    void persist(); // the disk may take its time: until then the runtime knows the attempt
    return id;
  } catch (error) {
    signal.throwIfAborted();
    const isConfig = hasReason(error, 'NotFound') || hasReason(error, 'Forbidden');
    const failure = isConfig ? 'CreateContainerConfigError' : 'CreateContainerError';
    events.warning('Failed', `Error: ${messageOf(error)}`, container.name);
    throw new StepFailure(failure, messageOf(error), { cause: error });
  }
}

/** The container that another is to look into. Throws Conflict while it does not run: the step is tried again. */
async function runningTarget({ deps, pod }: StepContext, name: string): Promise<ContainerId> {
  const { containers } = await runtimeStateOf(deps.driver, pod.metadata.uid);
  const running = containers.find((one) => one.name === name && one.state === 'running');
  if (running === undefined) throw new ApiError('Conflict', `unable to find target container "${name}"`);
  return running.id;
}

function nextRecord(
  before: ContainerRecord | undefined,
  attempt: number,
  image: ImageRecord,
  container: Container,
  made: { config: { specHash: string } },
): ContainerRecord {
  const last = before?.ended.at(-1);
  const imageId = image.repoDigests[0] ?? image.id;
  const isNewSpec = before?.specHash !== undefined && before.specHash !== made.config.specHash;
  const streak = before === undefined || last === undefined || isNewSpec ? 0 : restartStreak(before, last) + 1;
  return { attempt, imageId, restartStreak: streak, ended: before?.ended ?? [], specHash: specHashOf(container) };
}

/** A program that cannot be started counts as an attempt that ended at once. */
async function boot(
  { deps, record, events, persist }: StepContext,
  container: Container,
  id: ContainerId,
): Promise<void> {
  try {
    await deps.driver.startContainer(id);
    events.normal('Started', `Started container ${container.name}`, container.name);
  } catch (error) {
    const now = deps.clock.now();
    const entry = record.containers[container.name];
    const times = { startedAt: now, finishedAt: now };
    const message = messageOf(error);
    const ended: Termination = {
      attempt: entry?.attempt ?? 0,
      id,
      sandbox: await sandboxOf(deps, id),
      exitCode: 128,
      reason: 'StartError',
      message,
      ...times,
    };
    if (entry !== undefined) remember(entry.ended, ended);
    events.warning('Failed', `Error: ${message}`, container.name);
    await persist();
    await deps.driver.removeContainer(id);
  }
}

async function sandboxOf({ driver }: PodDeps, id: ContainerId): Promise<Termination['sandbox']> {
  return (await driver.listContainers()).find((status) => status.id === id)?.sandbox ?? '';
}

async function runPostStart(
  context: StepContext,
  container: Container,
  attempt: number,
  signal: AbortSignal,
): Promise<void> {
  const { deps, pod, events } = context;
  const hook = container.lifecycle?.postStart;
  if (hook === undefined) return;
  const running = await findRunning(context, container.name, attempt);
  if (running === undefined) return;
  const target = { id: running, pod, container, ip: context.podIP };
  const problem = await runHook(deps, hook, target, Infinity, signal);
  if (problem === undefined) return;
  events.warning('FailedPostStartHook', `PostStartHook failed: ${problem}`, container.name);
  events.normal('Killing', 'FailedPostStartHook', container.name);
  const graceMs = (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
  await orAbort(deps.driver.stopContainer(running, graceMs), signal);
}

async function findRunning(
  { deps, pod }: StepContext,
  name: string,
  attempt: number,
): Promise<ContainerId | undefined> {
  const { containers } = await runtimeStateOf(deps.driver, pod.metadata.uid);
  return containers.find((one) => one.name === name && one.attempt === attempt && one.state === 'running')?.id;
}

const killing: Record<StopReason, (name: string) => string> = {
  ended: (name) => `Stopping container ${name}`,
  sandbox: (name) => `Stopping container ${name}`,
  changed: (name) => `Container ${name} definition changed, will be restarted`,
  liveness: (name) => `Container ${name} failed liveness probe, will be restarted`,
  startup: (name) => `Container ${name} failed startup probe, will be restarted`,
  resized: (name) => `Container ${name} resize requires restart`,
};

/** Throws StepFailure when the container keeps the limits it has. */
export async function resizeContainer({ deps, pod, events }: StepContext, { id, size }: Resize): Promise<void> {
  try {
    await deps.driver.resizeContainer(id, size);
  } catch (error) {
    events.warning('ResizeError', resizeMessage('error', pod, messageOf(error)));
    throw new StepFailure(resizeFailure, messageOf(error), { cause: error });
  }
}

/** PreStop hook and signals, all within the grace period. An abort leaves the container to end by itself, or to the next process. */
export async function stopContainer(context: StepContext, step: Stop, signal: AbortSignal): Promise<void> {
  const { deps, pod, events } = context;
  const container = findContainer(pod, step.container);
  events.normal('Killing', killing[step.reason](step.container), container?.name);
  const began = deps.clock.monotonic();
  const hook = container?.lifecycle?.preStop;
  if (container !== undefined && hook !== undefined && step.graceMs > 0) {
    const target = { id: step.id, pod, container, ip: context.podIP };
    const problem = await runHook(deps, hook, target, step.graceMs, signal);
    if (problem !== undefined) events.warning('FailedPreStopHook', `PreStopHook failed: ${problem}`, container.name);
  }
  const spent = deps.clock.monotonic() - began;
  const least = Math.min(leastGraceMs, step.graceMs);
  await orAbort(deps.driver.stopContainer(step.id, Math.max(least, step.graceMs - spent)), signal);
}

/** What went wrong, or undefined. Hooks without a limit of their own may take an hour. */
async function runHook(
  deps: PodDeps,
  hook: ProbeAction & { sleep?: { seconds: number } },
  target: ProbeTarget,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (hook.sleep !== undefined) {
    await deps.clock.sleep(Math.min(hook.sleep.seconds * 1000, timeoutMs), signal);
    return undefined;
  }
  const result = await deps.prober.check(hook, target, Math.min(timeoutMs, 3_600_000), signal);
  return result.outcome === 'failure' ? result.output : undefined;
}

function findContainer(pod: Stored<Pod>, name: string): Container | undefined {
  return allContainers(specOf(pod)).find((one) => one.name === name);
}

function containerOf(pod: Stored<Pod>, name: string): Container {
  const container = findContainer(pod, name);
  if (container === undefined) throw new ApiError('InternalError', `pod has no container ${name}`);
  return container;
}
