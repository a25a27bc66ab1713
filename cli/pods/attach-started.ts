import { pipeline } from 'node:stream/promises';
import type { ContainerState, KubeObject, Pod, Stored } from '../../shared/objects/types.ts';
import { attach } from './attach.ts';
import type { EnterOptions } from './enter.ts';
import { pathOf, type ObjectRef } from '../client/selection.ts';
import type { Session } from '../client/session.ts';
import { waitFor } from '../show/watching.ts';

const endWithinMs = 60_000;

/**
 * Attaches to a container that was just asked for, once it runs; shows the log of one that ended before it was attached, or said nothing since. Resolves
 * with its exit code, 0 for one that runs on. Throws when it does not start in time: within a minute, unless `podRunningTimeout` says otherwise.
 */
export async function attachStarted(
  session: Session,
  ref: ObjectRef,
  container: string,
  options: EnterOptions & { quiet?: boolean; podRunningTimeout?: number },
): Promise<number> {
  let state: ContainerState | undefined;
  const look = (object: KubeObject | undefined): ContainerState | undefined =>
    (state = stateOf(object as Stored<Pod> | undefined, container));
  const hasStarted = (object: KubeObject | undefined): boolean => {
    const found = look(object);
    return found?.running !== undefined || found?.terminated !== undefined;
  };
  await waitFor(session, ref, `the start of container ${container}`, options.podRunningTimeout ?? 60_000, hasStarted);
  let isShown = false;
  if (state?.running !== undefined) {
    const pod = await session.client.call<Stored<Pod>>('GET', pathOf(ref));
    const entered = { name: ref.name, pod, container };
    const attached = attach(session, entered, { ...options, onOutput: () => (isShown = true) });
    const code = await attached.catch(async (error: unknown) => {
      if (hasEnded(await session.client.call<Stored<Pod>>('GET', pathOf(ref)), container)) return 0; // it came too late
      throw error;
    });
    if (pod.spec?.restartPolicy === 'Always') return code;
    const what = `the end of container ${container}`;
    await waitFor(session, ref, what, endWithinMs, (object) => look(object)?.terminated !== undefined);
  }
  if (!isShown) {
    const log = await session.client.open('GET', `${pathOf(ref)}/log`, { query: { container } });
    await pipeline(log, process.stdout, { end: false });
  }
  return state?.terminated?.exitCode ?? 0;
}

function hasEnded(pod: Stored<Pod>, container: string): boolean {
  return (
    pod.status?.phase === 'Succeeded' ||
    pod.status?.phase === 'Failed' ||
    stateOf(pod, container)?.terminated !== undefined
  );
}

function stateOf(pod: Stored<Pod> | undefined, container: string): ContainerState | undefined {
  const { containerStatuses = [], ephemeralContainerStatuses = [] } = pod?.status ?? {};
  return [...containerStatuses, ...ephemeralContainerStatuses].find(({ name }) => name === container)?.state;
}
