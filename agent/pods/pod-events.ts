import type { Clock } from '../../shared/clock.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import type { ControllerLink } from '../controller-link.ts';

/** Tells the user what happens to one pod, in Kubernetes' words. */
export class PodEvents {
  readonly #link: Pick<ControllerLink, 'event'>;
  readonly #clock: Clock;
  readonly #pod: Stored<Pod>;

  constructor(link: Pick<ControllerLink, 'event'>, clock: Clock, pod: Stored<Pod>) {
    this.#link = link;
    this.#clock = clock;
    this.#pod = pod;
  }

  normal(reason: string, message: string, container?: string): void {
    this.#send('Normal', reason, message, container);
  }

  warning(reason: string, message: string, container?: string): void {
    this.#send('Warning', reason, message, container);
  }

  #listOf(container: string | undefined): 'containers' | 'initContainers' | 'ephemeralContainers' {
    const { initContainers = [], ephemeralContainers = [] } = this.#pod.spec ?? {};
    if (initContainers.some(({ name }) => name === container)) return 'initContainers';
    return ephemeralContainers.some(({ name }) => name === container) ? 'ephemeralContainers' : 'containers';
  }

  #send(type: 'Normal' | 'Warning', reason: string, message: string, container: string | undefined): void {
    const { name, namespace = 'default', uid } = this.#pod.metadata;
    const involved = { kind: 'Pod', namespace, name, uid };
    const fieldPath = `spec.${this.#listOf(container)}{${container ?? ''}}`;
    this.#link.event({
      involved:
        container === undefined
          ? involved
          : {
              ...involved,
              fieldPath,
            },
      type,
      reason,
      message: message.slice(0, 1024),
      at: this.#clock.now(),
    });
  }
}
