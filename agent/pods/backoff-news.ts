import { containerStatusOf } from './container-status.ts';
import type { PodEvents } from './pod-events.ts';
import { type PodView, allContainers, specOf } from './pod-view.ts';
import { containerKey } from './step.ts';

/** Tells once per restart, and once per failed pull, that a container has to wait. */
export class BackoffNews {
  readonly #told = new Map<string, string>();

  tell(view: PodView, events: PodEvents): void {
    const { name, namespace = 'default', uid } = view.pod.metadata;
    for (const container of allContainers(specOf(view.pod))) {
      const { state, restartCount } = containerStatusOf(view, container, '');
      const reason = state?.waiting?.reason ?? '';
      const since = view.holds.get(containerKey(container.name))?.since ?? 0;
      const news = `${reason} ${String(restartCount)} ${String(since)}`;
      if (!['CrashLoopBackOff', 'ImagePullBackOff'].includes(reason) || this.#told.get(container.name) === news)
        continue;
      this.#told.set(container.name, news);
      if (reason === 'CrashLoopBackOff') {
        const text = `Back-off restarting failed container ${container.name} in pod ${name}_${namespace}(${uid})`;
        events.warning('BackOff', text, container.name);
      } else {
        events.normal('BackOff', `Back-off pulling image "${container.image ?? ''}"`, container.name);
        events.warning('Failed', 'Error: ImagePullBackOff', container.name);
      }
    }
  }
}
