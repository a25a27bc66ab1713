import { appendFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listLogFiles } from '../../../agent/logs/log-files.ts';
import type { ContainerId, ContainerStatus, RuntimeDriver, SandboxId } from '../../../agent/runtime/driver.ts';

/** Writes a container's log as a runtime does, and reopens it when told. */
export class LogWriter implements Pick<RuntimeDriver, 'listContainers' | 'reopenLog'> {
  readonly directory: string;
  attempt = 0;
  isRunning = true;
  #path: string;
  #second = 0;

  constructor(logs: string, name = 'web', container = 'main') {
    this.directory = join(logs, `default_${name}_uid-${name}`, container);
    this.#path = this.path;
  }

  /** Where the runtime was told to write. */
  get path(): string {
    return join(this.directory, `${String(this.attempt)}.log`);
  }

  async open(): Promise<this> {
    await mkdir(this.directory, { recursive: true });
    await writeFile(this.path, '', { flag: 'a' });
    this.#path = this.path;
    return this;
  }

  async restart(): Promise<void> {
    this.attempt += 1;
    await this.open();
  }

  async write(text: string, { stream = 'stdout', flag = 'F' } = {}): Promise<void> {
    await this.writeMany([text], { stream, flag });
  }

  async writeMany(texts: readonly string[], { stream = 'stdout', flag = 'F' } = {}): Promise<void> {
    this.#second += 1;
    const time = new Date(Date.UTC(2026, 0, 1) + this.#second * 1000).toISOString().slice(0, 19);
    const records = texts.map((text) => `${time}.123456789+00:00 ${stream} ${flag} ${text}\n`);
    await appendFile(this.#path, records.join(''));
  }

  /** What a rotation does first: the runtime goes on writing to the renamed file until it is told. */
  async rotate(): Promise<void> {
    const current = (await listLogFiles(this.directory)).find(({ path }) => path === this.path);
    this.#path = `${this.path}.${String(current?.part)}`;
    await rename(this.path, this.#path);
  }

  async reopenLog(): Promise<void> {
    await this.open();
  }

  listContainers(): Promise<ContainerStatus[]> {
    const pod = { namespace: 'default', name: 'web', uid: 'uid-web' };
    return Promise.resolve([
      {
        id: `c${String(this.attempt)}` as ContainerId,
        sandbox: 's' as SandboxId,
        pod,
        name: 'main',
        attempt: this.attempt,
        image: '',
        imageId: '',
        specHash: '',
        logPath: this.path,
        state: this.isRunning ? 'running' : 'exited',
        createdAt: 0,
        startedAt: 0,
        finishedAt: 0,
        exitCode: 0,
        reason: '',
        message: '',
      },
    ]);
  }
}
