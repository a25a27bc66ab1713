import type { ContainerStatus } from '../runtime/driver.ts';
import { type PodEnd, type PodView, isEvicted, isSidecar, specOf } from './pod-view.ts';
import type { Plan } from './step.ts';

/** What is left of the grace for a sidecar when the containers it served have used it up. */
const leastSidecarGraceMs = 2000;

/** Stops everything: containers together, then sidecars in reverse order, then the sandbox; then removes it if wanted. */
export function planEnd(view: PodView, end: PodEnd): Plan {
  const running = view.containers.filter(({ state }) => state === 'running');
  if (running.length > 0) {
    const graceMs = Math.max(0, end.since + end.graceMs - view.now);
    return { steps: nextToStop(view, running).map((container) => stopOf(view, container, graceMs, end)) };
  }
  if ([...view.busy].some((key) => key !== 'sandbox' && !key.startsWith('remove:'))) return { steps: [] };
  if (end.removes) return { steps: [{ do: 'cleanUp' }] };
  const ready = view.sandboxes.filter(({ isReady }) => isReady);
  if (!isEvicted(view.record)) return { steps: ready.map(({ id }) => ({ do: 'stopSandbox', id })) };
  // An eviction is to give back what the pod took of the disk.
  if (view.containers.length > 0) return { steps: view.containers.map(({ id }) => ({ do: 'removeContainer', id })) };
  return { steps: ready.map(({ id }) => ({ do: 'stopSandbox', id, discardsVolumes: true })) };
}

function stopOf(view: PodView, { id, name }: ContainerStatus, graceMs: number, end: PodEnd): Plan['steps'][number] {
  const least = sidecarNames(view).includes(name) ? Math.min(leastSidecarGraceMs, end.graceMs) : 0;
  return { do: 'stop', container: name, id, graceMs: Math.max(graceMs, least), reason: 'ended' };
}

function nextToStop(view: PodView, running: readonly ContainerStatus[]): ContainerStatus[] {
  const sidecars = sidecarNames(view);
  const others = running.filter(({ name }) => !sidecars.includes(name));
  if (others.length > 0) return others;
  const last = Math.max(...running.map(({ name }) => sidecars.indexOf(name)));
  return running.filter(({ name }) => sidecars.indexOf(name) === last);
}

function sidecarNames({ pod }: PodView): string[] {
  return (specOf(pod).initContainers ?? []).filter(isSidecar).map(({ name }) => name);
}
