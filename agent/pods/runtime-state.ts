import type { ContainerStatus, RuntimeDriver, SandboxStatus } from '../runtime/driver.ts';

export interface RuntimeState {
  sandboxes: SandboxStatus[];
  containers: ContainerStatus[];
}

/** What the runtime holds now of one pod. */
export async function runtimeStateOf(driver: RuntimeDriver, podUid: string): Promise<RuntimeState> {
  const [sandboxes, containers] = await Promise.all([driver.listSandboxes(podUid), driver.listContainers(podUid)]);
  return { sandboxes, containers };
}

/** What the runtime holds now, by pod uid. */
export async function runtimeStates(driver: RuntimeDriver): Promise<Map<string, RuntimeState>> {
  const [sandboxes, containers] = await Promise.all([driver.listSandboxes(), driver.listContainers()]);
  const states = new Map<string, RuntimeState>();
  const stateOf = (uid: string): RuntimeState => {
    const state = states.get(uid) ?? { sandboxes: [], containers: [] };
    states.set(uid, state);
    return state;
  };
  for (const sandbox of sandboxes) stateOf(sandbox.pod.uid).sandboxes.push(sandbox);
  for (const container of containers) stateOf(container.pod.uid).containers.push(container);
  return states;
}
