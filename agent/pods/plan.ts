import type { ContainerId } from '../runtime/driver.ts';
import { planContainers } from './plan-containers.ts';
import { planEnd } from './plan-end.ts';
import { type Outcome, type PodView, currentSandbox, graceMsOf, outcomeOf, specOf } from './pod-view.ts';
import { type Plan, type Step, join, keyOf } from './step.ts';

/** What to do next for a pod; no steps when it is as wanted or has to wait. */
export function planPod(view: PodView): Plan {
  const outcome = outcomeOf(view);
  const plan = view.end === undefined ? planLife(view, outcome) : planEnd(view, view.end);
  return passable(view, plan);
}

function planLife(view: PodView, outcome: Outcome | undefined): Plan {
  if (outcome !== undefined) return planEnd(view, { since: view.now, graceMs: graceMsOf(view), removes: false });
  const lost = planLostSandboxes(view);
  if (lost.length > 0) return { steps: lost };
  const sandbox = currentSandbox(view);
  const plans: Plan[] = [];
  if (!view.areVolumesReady) plans.push({ steps: [{ do: 'prepareVolumes' }] });
  else if (sandbox === undefined) plans.push({ steps: [{ do: 'runSandbox', attempt: nextSandboxAttempt(view) }] });
  if (sandbox !== undefined) plans.push(planContainers(view, sandbox.id));
  plans.push({ steps: [], wakeAt: deadlineOf(view) });
  return join(plans);
}

/** Sandboxes without a network: stop what runs in them, then remove them, before a new one is made. */
function planLostSandboxes(view: PodView): Step[] {
  const current = currentSandbox(view);
  return view.sandboxes
    .filter((sandbox) => sandbox.id !== current?.id)
    .flatMap((sandbox): Step[] => {
      const running = view.containers.filter(({ sandbox: id, state }) => id === sandbox.id && state === 'running');
      if (running.length === 0) return [{ do: 'removeSandbox', id: sandbox.id }];
      const graceMs = graceMsOf(view);
      return running.map(({ id, name }) => ({ do: 'stop', container: name, id, graceMs, reason: 'sandbox' }));
    });
}

function nextSandboxAttempt(view: PodView): number {
  return Math.max(view.record.sandboxAttempt, ...view.sandboxes.map(({ attempt }) => attempt)) + 1;
}

/** When `activeDeadlineSeconds` ends the pod. */
export function deadlineOf({ pod, record }: PodView): number | undefined {
  const seconds = specOf(pod).activeDeadlineSeconds;
  return seconds === undefined ? undefined : record.startTime + seconds * 1000;
}

/** Leaves out what is under way or held back, and wakes when a hold ends. */
function passable(view: PodView, plan: Plan): Plan {
  const wakes: Plan[] = [{ steps: [], wakeAt: plan.wakeAt }];
  const steps = plan.steps.filter((step) => {
    if (step.do === 'stop' && killsSooner(view, step.id, step.graceMs)) return true;
    const key = keyOf(step);
    if (view.busy.has(key)) return false;
    const hold = view.holds.get(key);
    if (hold === undefined || hold.until <= view.now || view.now < hold.since) return true; // or the wall clock jumped back
    wakes.push({ steps: [], wakeAt: hold.until });
    return false;
  });
  return { ...join(wakes), steps: onePerKey(steps) };
}

/** A stop under way may be made shorter, as by a second deletion. A second of difference is not worth a call. */
function killsSooner(view: PodView, id: ContainerId, graceMs: number): boolean {
  const killsAt = view.stopping.get(id);
  return killsAt !== undefined && view.now + graceMs + 1000 < killsAt;
}

function onePerKey(steps: readonly Step[]): Step[] {
  const keys = new Set<string>();
  return steps.filter((step) => !keys.has(keyOf(step)) && keys.add(keyOf(step)));
}
