import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import { orAbort } from '../../shared/or-abort.ts';
import type { Scope } from '../../shared/scope.ts';
import type { ContainerId } from '../runtime/driver.ts';
import {
  type StepContext,
  resizeContainer,
  resumeContainer,
  startContainer,
  stopContainer,
} from './container-steps.ts';
import { holdAfter } from './hold.ts';
import type { Hold } from './pod-view.ts';
import { cleanUp, discardVolumes, prepareVolumes, removeLostSandbox, runSandbox } from './sandbox-steps.ts';
import { type Step, keyOf } from './step.ts';

/** Runs the steps of one pod, each in a scope of its own, and remembers which failed and when they may be tried again. */
export class StepRunner {
  /** False until volumes are made, and again when what they hold may have changed. */
  areVolumesReady = false;
  readonly #scope: Scope;
  readonly #log: Logger;
  readonly #poke: () => void;
  readonly #tasks = new Map<string, { step: Step; scope: Scope }>();
  readonly #holds = new Map<string, Hold>();
  readonly #stopping = new Map<ContainerId, number>();
  #isCleanedUp = false;

  constructor(scope: Scope, log: Logger, poke: () => void) {
    this.#scope = scope;
    this.#log = log;
    this.#poke = poke;
  }

  /** Nothing of the pod is left. */
  get isCleanedUp(): boolean {
    return this.#isCleanedUp;
  }

  get holds(): ReadonlyMap<string, Hold> {
    return this.#holds;
  }

  get stopping(): ReadonlyMap<ContainerId, number> {
    return this.#stopping;
  }

  /** Keys of the steps under way. */
  busy(): Set<string> {
    return new Set(this.#tasks.keys());
  }

  forgetHolds(which: (hold: Hold) => boolean): void {
    for (const [key, hold] of this.#holds) if (which(hold)) this.#holds.delete(key);
  }

  /** Breaks off all that makes something: the pod is to end. */
  abandonStarts(): void {
    for (const { step, scope } of this.#tasks.values()) {
      if (['prepareVolumes', 'runSandbox', 'start', 'resume'].includes(step.do)) void scope.close();
    }
  }

  start(steps: readonly Step[], context: StepContext): void {
    for (const step of steps) {
      if (this.#tasks.has(keyOf(step))) this.#hasten(step, context);
      else this.#launch(step, context);
    }
  }

  #launch(step: Step, context: StepContext): void {
    const key = keyOf(step);
    const scope = this.#scope.child(key);
    this.#tasks.set(key, { step, scope });
    scope.spawn(
      async (signal) => {
        try {
          await this.#run(step, context, signal);
          this.#holds.delete(key);
        } catch (error) {
          if (!signal.aborted) this.#fail(key, step, error, context);
        } finally {
          this.#tasks.delete(key);
          this.#poke();
          void scope.close();
        }
      },
      (error) => this.#log.error('step failed', { step: step.do, error }),
    );
  }

  #fail(key: string, step: Step, error: unknown, { deps, events }: StepContext): void {
    const hold = holdAfter(error, this.#holds.get(key), deps.clock.now());
    this.#holds.set(key, hold);
    if (isTakingDown(step)) events.warning('FailedKillPod', `error killing pod: ${hold.message}`);
    this.#log.warn('step failed', { step: step.do, key, reason: hold.reason, error: messageOf(error) });
  }

  /** A stop under way gets a shorter grace; the running step ends with the container. */
  #hasten(step: Step, { deps }: StepContext): void {
    if (step.do !== 'stop') return;
    this.#stopping.set(step.id, deps.clock.now() + step.graceMs);
    this.#scope.spawn(
      (signal) => orAbort(deps.driver.stopContainer(step.id, step.graceMs), signal),
      (error) => this.#log.warn('faster stop failed', { container: step.id, error }),
    );
  }

  async #run(step: Step, context: StepContext, signal: AbortSignal): Promise<void> {
    switch (step.do) {
      case 'prepareVolumes':
        this.areVolumesReady = true; // a change that comes meanwhile sets it back
        await prepareVolumes(context).catch((error: unknown) => {
          this.areVolumesReady = false;
          throw error;
        });
        break;
      case 'runSandbox':
        return runSandbox(context, step.attempt, signal);
      case 'start':
        return startContainer(context, step, signal);
      case 'resume':
        return resumeContainer(context, step.container, step.id, signal);
      case 'resize':
        return resizeContainer(context, step);
      case 'stop':
        return this.#stop(step, context, signal);
      case 'removeContainer':
        return context.deps.driver.removeContainer(step.id);
      case 'stopSandbox':
        if (step.discardsVolumes === true) await discardVolumes(context);
        return context.deps.driver.stopSandbox(step.id);
      case 'removeSandbox':
        return removeLostSandbox(context, step.id);
      case 'cleanUp':
        await cleanUp(context, signal);
        this.#isCleanedUp = true;
        break;
    }
  }

  async #stop(step: Extract<Step, { do: 'stop' }>, context: StepContext, signal: AbortSignal): Promise<void> {
    this.#stopping.set(step.id, context.deps.clock.now() + step.graceMs);
    try {
      await stopContainer(context, step, signal);
    } finally {
      this.#stopping.delete(step.id);
    }
  }
}

function isTakingDown(step: Step): boolean {
  return ['stop', 'stopSandbox', 'removeSandbox', 'cleanUp'].includes(step.do);
}
