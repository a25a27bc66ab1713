import { pipeline } from 'node:stream/promises';
import { hasReason } from '../../shared/errors.ts';
import type { ContainerState, KubeObject, Pod, Stored } from '../../shared/objects/types.ts';
import { attach } from './attach.ts';
import type { EnterOptions } from './enter.ts';
import { pathOf, type ObjectRef } from '../client/selection.ts';
import type { Session } from '../client/session.ts';
import { waitFor } from '../show/watching.ts';

const endWithinMs = 60_000;

/**
 * Attaches to a container that was just asked for, once it runs; shows the log of one that has ended already. Resolves
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
  if (state?.running !== undefined) {
    const pod = await session.client.call<Stored<Pod>>('GET', pathOf(ref));
    const code = await attach(session, { name: ref.name, pod, container }, options).catch((error: unknown) => {
      if (!hasReason(error, 'NotFound')) throw error;
      return 0;
    });
    if (pod.spec?.restartPolicy === 'Always') return code;
    await waitFor(
      session,
      ref,
      `the end of container ${container}`,
      endWithinMs,
      (object) => look(object)?.terminated !== undefined,
    );
  } else {
    const log = await session.client.open('GET', `${pathOf(ref)}/log`, { query: { container } });
    await pipeline(log, process.stdout, { end: false });
  }
  return state?.terminated?.exitCode ?? 0;
}

function stateOf(pod: Stored<Pod> | undefined, container: string): ContainerState | undefined {
  const { containerStatuses = [], ephemeralContainerStatuses = [] } = pod?.status ?? {};
  return [...containerStatuses, ...ephemeralContainerStatuses].find(({ name }) => name === container)?.state;
}
