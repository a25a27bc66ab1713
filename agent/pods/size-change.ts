import type { Container } from '../../shared/objects/types.ts';
import type { ContainerSize } from '../runtime/driver.ts';
import { type PodView, ephemeralOf, isRestarted, isSidecar, latestOf, specOf } from './pod-view.ts';
import { sizeOf } from './resources.ts';

/** Other limits for a container than it has. */
export interface SizeChange {
  size: ContainerSize;
  /** They come with a restart, as the container's `resizePolicy` asks for. */
  restarts: boolean;
}

const resourceOf = { cpuRequestMillis: 'cpu', cpuLimitMillis: 'cpu', memoryLimitBytes: 'memory' } as const;
const fields = Object.keys(resourceOf) as (keyof typeof resourceOf)[];

/** How the newest attempt of a container differs in size from what is granted; undefined when it does not, or will not run again. */
export function sizeChangeOf(view: PodView, container: Container): SizeChange | undefined {
  const spec = specOf(view.pod);
  const isPassing = (spec.initContainers ?? []).includes(container) && !isSidecar(container);
  if (isPassing || ephemeralOf(spec).includes(container)) return undefined;
  const { state, status, termination } = latestOf(view, container.name);
  if (status === undefined || state === 'created') return undefined;
  if (state === 'exited' && !isRestarted(spec, container, termination?.exitCode ?? 0)) return undefined;
  const [size, has] = [sizeOf(container), status.size];
  const changed = fields.filter((field) => size[field] !== undefined && size[field] !== has?.[field]);
  if (changed.length === 0) return undefined;
  const policies = container.resizePolicy ?? [];
  // What an earlier version made has no known size: it is told again, and not restarted for it.
  const restarts =
    has !== undefined &&
    changed.some((field) =>
      policies.some(
        ({ resourceName, restartPolicy }) => resourceName === resourceOf[field] && restartPolicy === 'RestartContainer',
      ),
    );
  return { size, restarts };
}
