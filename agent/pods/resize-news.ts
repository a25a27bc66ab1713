import type { Pod, Stored } from '../../shared/objects/types.ts';
import type { PodEvents } from './pod-events.ts';
import { type PodView, allContainers, specOf } from './pod-view.ts';
import { sizeChangeOf } from './size-change.ts';

/** Tells once of each change of a pod's resources that it has begun, that it is done, or why it has to wait. */
export class ResizeNews {
  #isUnderWay = false;
  #refused = '';

  /** The pod gets what it asks for now. */
  granted(pod: Stored<Pod>, events: PodEvents): void {
    this.#isUnderWay = true;
    events.normal('ResizeStarted', resizeMessage('started', pod));
  }

  tell(view: PodView, asked: Stored<Pod>, events: PodEvents): void {
    const { resizeRefusal: refusal, pod, end } = view;
    const refused = refusal === undefined ? '' : `${refusal.reason} ${String(pod.metadata.generation)}`;
    if (refusal !== undefined && refused !== this.#refused) {
      events.warning(`Resize${refusal.reason}`, resizeMessage(refusal.reason, asked, refusal.message));
    }
    this.#refused = refused;
    const isOpen = allContainers(specOf(pod)).some((container) => sizeChangeOf(view, container) !== undefined);
    if (!this.#isUnderWay || isOpen || end !== undefined) return;
    this.#isUnderWay = false;
    events.normal('ResizeCompleted', resizeMessage('completed', pod));
  }
}

/** As the kubelet writes it: with the resources that the pod has or is to have. */
export function resizeMessage(what: string, { metadata, spec }: Stored<Pod>, error?: string): string {
  const all = [
    ...(spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy),
    ...(spec?.containers ?? []),
  ];
  const containers = all.map(({ name, resources: { limits, requests } = {} }) => ({
    name,
    resources: { limits, requests },
  }));
  return `Pod resize ${what}: ${JSON.stringify({ containers, generation: metadata.generation, error })}`;
}
