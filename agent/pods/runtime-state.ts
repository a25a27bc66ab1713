import type { ContainerStatus, RuntimeDriver, SandboxStatus } from '../runtime/driver.ts';

export interface RuntimeState {
  sandboxes: SandboxStatus[];
  containers: ContainerStatus[];
}

/** Everything the runtime holds, by pod. Many pods that look at the same moment share one listing. */
export class RuntimeStates {
  readonly #driver: RuntimeDriver;
  #running: Promise<Map<string, RuntimeState>> | undefined;
  #next: Promise<Map<string, RuntimeState>> | undefined;

  constructor(driver: RuntimeDriver) {
    this.#driver = driver;
  }

  /** By pod uid. The listing behind the answer began after this call. */
  read(): Promise<Map<string, RuntimeState>> {
    if (this.#running === undefined) return this.#begin();
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  async of(uid: string): Promise<RuntimeState> {
    return (await this.read()).get(uid) ?? { sandboxes: [], containers: [] };
  }

  #begin(): Promise<Map<string, RuntimeState>> {
    this.#next = undefined;
    const running = this.#list().finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }

  async #list(): Promise<Map<string, RuntimeState>> {
    const [sandboxes, containers] = await Promise.all([this.#driver.listSandboxes(), this.#driver.listContainers()]);
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
}
