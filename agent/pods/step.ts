import type { ContainerId, ContainerSize, SandboxId } from '../runtime/driver.ts';

export type StopReason = 'ended' | 'changed' | 'liveness' | 'startup' | 'sandbox' | 'resized';

/** One thing to do for a pod. Steps with different keys may run at once; while one runs its key is busy. */
export type Step =
  | { do: 'prepareVolumes' }
  | { do: 'runSandbox'; attempt: number }
  /** Makes and starts a new attempt of a container, image included. */
  | { do: 'start'; container: string; attempt: number; sandbox: SandboxId }
  /** Starts what an earlier process of this agent only made. */
  | { do: 'resume'; container: string; id: ContainerId }
  /** Changes the limits of a container that runs. */
  | { do: 'resize'; container: string; id: ContainerId; size: ContainerSize }
  | { do: 'stop'; container: string; id: ContainerId; graceMs: number; reason: StopReason }
  /** Old attempts. */
  | { do: 'removeContainer'; id: ContainerId }
  | { do: 'stopSandbox'; id: SandboxId; discardsVolumes?: boolean }
  | { do: 'removeSandbox'; id: SandboxId }
  /** Takes away all that is left of the pod; then it is finished. */
  | { do: 'cleanUp' };

export interface Plan {
  steps: Step[];
  /** When to plan again although nothing was heard of; absent: no need. */
  wakeAt?: number;
}

/** Two steps with one key never run at once. */
export function keyOf(step: Step): string {
  switch (step.do) {
    case 'prepareVolumes':
      return 'volumes';
    case 'runSandbox':
    case 'stopSandbox':
    case 'removeSandbox':
    case 'cleanUp':
      return sandboxKey;
    case 'start':
    case 'resume':
    case 'stop':
      return containerKey(step.container);
    case 'resize':
      return resizeKey(step.container);
    case 'removeContainer':
      return `remove:${step.id}`;
  }
}

export const sandboxKey = 'sandbox';

export function containerKey(name: string): string {
  return `container:${name}`;
}

/** A key of its own: a container whose limits cannot be changed is still to be stopped and started. */
export function resizeKey(name: string): string {
  return `resize:${name}`;
}

/** All steps of several plans; wakes at the earliest time. */
export function join(plans: readonly Plan[]): Plan {
  const wakes = plans.flatMap(({ wakeAt }) => (wakeAt === undefined ? [] : [wakeAt]));
  const steps = plans.flatMap((plan) => plan.steps);
  return wakes.length === 0 ? { steps } : { steps, wakeAt: Math.min(...wakes) };
}
