import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DesiredItem } from '../../shared/bus/messages.ts';
import { messageOf } from '../../shared/errors.ts';
import type { Logger } from '../../shared/log.ts';
import type { AgentPaths } from '../paths.ts';
import { writeAtomic } from '../host/files.ts';

/**
 * Desired items on disk, one file each, so that the agent goes on without a controller. Secrets and tokens are kept on tmpfs only:
 * after a reboot they come from the controller again.
 */
export class DesiredFiles {
  readonly #disk: string;
  readonly #memory: string;
  readonly #log: Logger;

  constructor(paths: Pick<AgentPaths, 'state' | 'run'>, log: Logger) {
    this.#disk = join(paths.state, 'desired');
    this.#memory = join(paths.run, 'desired');
    this.#log = log;
  }

  /**
   * What an earlier process left. It is complete unless the whole set was never heard, or a file of it is damaged: that
   * one is thrown away, and what it spoke of must not be taken for unwanted before a controller has named everything.
   */
  async load(): Promise<{ items: DesiredItem[]; isComplete: boolean }> {
    await mkdir(this.#disk, { recursive: true, mode: 0o700 });
    await mkdir(this.#memory, { recursive: true, mode: 0o700 });
    const items = [...(await this.#loadFrom(this.#disk)), ...(await this.#loadFrom(this.#memory))];
    return { items, isComplete: (await readdir(this.#disk)).includes(marker) };
  }

  async save(item: DesiredItem): Promise<void> {
    await writeAtomic(this.#fileOf(item.key), JSON.stringify(item));
  }

  async remove(key: string): Promise<void> {
    await rm(this.#fileOf(key), { force: true });
  }

  /** Notes that the whole set was heard once: an empty one means that nothing is wanted. */
  async markLoaded(): Promise<void> {
    await writeAtomic(join(this.#disk, marker), '');
  }

  /** Names of objects may be too long for a file: their hash is not. */
  #fileOf(key: string): string {
    const folder = /^(secrets|tokens)\//.test(key) ? this.#memory : this.#disk;
    return join(folder, `${createHash('sha256').update(key).digest('hex')}.json`);
  }

  async #loadFrom(folder: string): Promise<DesiredItem[]> {
    const items: DesiredItem[] = [];
    for (const name of await readdir(folder)) {
      if (name === marker) continue;
      const path = join(folder, name);
      const item = name.endsWith('.json') ? await this.#read(path) : undefined;
      if (item === undefined) await rm(path, { force: true });
      else items.push(item);
    }
    return items;
  }

  async #read(path: string): Promise<DesiredItem | undefined> {
    try {
      const item = JSON.parse(await readFile(path, 'utf8')) as Partial<DesiredItem> | null;
      if (typeof item?.key === 'string' && typeof item.object?.metadata.name === 'string') return item as DesiredItem;
      throw new Error('it holds no item');
    } catch (error) {
      this.#log.warn('damaged desired file thrown away', { path, problem: messageOf(error) });
      await rm(join(this.#disk, marker), { force: true });
      return undefined;
    }
  }
}

const marker = 'loaded';
