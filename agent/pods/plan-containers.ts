import type { Container, EphemeralContainer } from '../../shared/objects/types.ts';
import type { SandboxId } from '../runtime/driver.ts';
import {
  type Latest,
  type PodView,
  ephemeralOf,
  graceMsOf,
  isInitDone,
  isInitialized,
  isRestarted,
  isSidecar,
  latestOf,
  newestFirst,
  recordOf,
  specOf,
} from './pod-view.ts';
import { remainingDelayMs } from './restart-delay.ts';
import { type SizeChange, sizeChangeOf } from './size-change.ts';
import { specHashOf } from './spec-hash.ts';
import { type Plan, type Step, join } from './step.ts';

type StopOf = Pick<Extract<Step, { do: 'stop' }>, 'do' | 'container' | 'id'>;

const idle: Plan = { steps: [] };

/** Init containers one after the other, then all containers at once, each kept running by the pod's restart policy. */
export function planContainers(view: PodView, sandbox: SandboxId): Plan {
  const spec = specOf(view.pod);
  const plans = [planInit(view, sandbox)];
  plans.push(...ephemeralOf(spec).map((debug) => planEphemeral(view, debug, sandbox)));
  if (isInitialized(view, sandbox)) plans.push(...spec.containers.map((main) => planContainer(view, main, sandbox)));
  plans.push({ steps: removeOldAttempts(view) });
  const plan = join(plans);
  if (view.areVolumesReady) return plan;
  return { ...plan, steps: plan.steps.filter((step) => step.do !== 'start' && step.do !== 'resume') };
}

function planInit(view: PodView, sandbox: SandboxId): Plan {
  const inits = specOf(view.pod).initContainers ?? [];
  if (isInitialized(view, sandbox)) {
    return join(inits.filter(isSidecar).map((sidecar) => planContainer(view, sidecar, sandbox)));
  }
  const first = inits.findIndex((init) => !isInitDone(view, init, sandbox));
  const reached = inits.slice(0, first + 1).filter((init, index) => isSidecar(init) || index === first);
  return join(reached.map((init) => planContainer(view, init, sandbox)));
}

/** Started once, before the pod is initialized too, and never again: not even in a new sandbox. */
function planEphemeral(view: PodView, { name }: EphemeralContainer, sandbox: SandboxId): Plan {
  const { state, status } = latestOf(view, name);
  if (state === 'none') return { steps: [{ do: 'start', container: name, attempt: 0, sandbox }] };
  if (state !== 'created' || status === undefined) return idle;
  return { steps: [{ do: 'resume', container: name, id: status.id }] };
}

function planContainer(view: PodView, container: Container, sandbox: SandboxId): Plan {
  const latest = latestOf(view, container.name);
  const start: Step = { do: 'start', container: container.name, attempt: latest.attempt + 1, sandbox };
  switch (latest.state) {
    case 'none':
      return { steps: [start] };
    case 'created':
      return latest.status === undefined
        ? idle
        : { steps: [{ do: 'resume', container: container.name, id: latest.status.id }] };
    case 'running':
      return planRunning(view, container, latest);
    case 'exited':
      return planExited(view, container, latest, start);
  }
}

function planRunning(view: PodView, container: Container, { status }: Latest): Plan {
  if (status === undefined) return idle;
  const stop = { do: 'stop', container: container.name, id: status.id } as const;
  const isInit = (specOf(view.pod).initContainers ?? []).includes(container) && !isSidecar(container);
  if (!isInit && status.specHash !== specHashOf(container)) {
    return { steps: [{ ...stop, graceMs: graceMsOf(view), reason: 'changed' }] };
  }
  const failed = view.probes.get(status.id)?.failed;
  const change = sizeChangeOf(view, container);
  if (failed === undefined) return change === undefined ? idle : planSize(view, container, stop, change);
  return { steps: [{ ...stop, graceMs: failed.graceMs ?? graceMsOf(view), reason: failed.probe }] };
}

function planSize(view: PodView, { name }: Container, stop: StopOf, { size, restarts }: SizeChange): Plan {
  if (restarts) return { steps: [{ ...stop, graceMs: graceMsOf(view), reason: 'resized' }] };
  return { steps: [{ do: 'resize', container: name, id: stop.id, size }] };
}

function planExited(view: PodView, container: Container, latest: Latest, start: Step): Plan {
  const { termination } = latest;
  const record = recordOf(view, container.name);
  if (termination === undefined || record === undefined || start.do !== 'start') return idle;
  const isInit = (specOf(view.pod).initContainers ?? []).includes(container);
  const isElsewhere = latest.sandbox !== start.sandbox;
  // A new sandbox begins anew: init containers run again even after success.
  const isWanted = isRestarted(specOf(view.pod), container, termination.exitCode) || (isInit && isElsewhere);
  if (!isWanted) return idle;
  const isNewSpec =
    latest.status !== undefined &&
    (latest.status.specHash !== specHashOf(container) || sizeChangeOf(view, container) !== undefined);
  const wait = isElsewhere || isNewSpec ? 0 : remainingDelayMs(record, termination, view.now);
  return wait > 0 ? { steps: [], wakeAt: view.now + wait } : { steps: [start] };
}

/** The last two attempts of each container are kept; older ones have nothing to tell that the record does not. */
function removeOldAttempts(view: PodView): Step[] {
  const names = new Set(view.containers.map(({ name }) => name));
  return [...names].flatMap((name) =>
    view.containers
      .filter((container) => container.name === name)
      .sort(newestFirst)
      .slice(2)
      .filter(({ state }) => state !== 'running')
      .map(({ id }): Step => ({ do: 'removeContainer', id })),
  );
}
