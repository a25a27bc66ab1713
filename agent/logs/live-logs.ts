import type { ContainerId, RuntimeDriver } from '../runtime/driver.ts';

/** Which log files are being written to, and by whom, as the runtime last said. */
export class LiveLogs {
  readonly #driver: Pick<RuntimeDriver, 'listContainers'>;
  #writers: ReadonlyMap<string, ContainerId> = new Map();

  constructor(driver: Pick<RuntimeDriver, 'listContainers'>) {
    this.#driver = driver;
  }

  /** Containers that are not over, by the path of their log. */
  get writers(): ReadonlyMap<string, ContainerId> {
    return this.#writers;
  }

  async refresh(): Promise<void> {
    const live = (await this.#driver.listContainers()).filter(({ state }) => state !== 'exited');
    this.#writers = new Map(live.map(({ logPath, id }) => [logPath, id]));
  }
}
