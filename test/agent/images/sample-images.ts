import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { importRootfs } from '../../../agent/images/import.ts';
import { OciImageStore, type OciImageStoreOptions } from '../../../agent/images/oci-image-store.ts';
import { pushImage } from '../../../agent/images/push.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLogger } from '../../../shared/log.ts';
import { makeTar, type TarItem } from './tar-builder.ts';

export interface TestStore {
  store: OciImageStore;
  directory: string;
  close(): Promise<void>;
}

/** A store of its own in a folder that goes with it. */
export async function aStore(options: Partial<OciImageStoreOptions> = {}): Promise<TestStore> {
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'berth-images-')));
  const store = new OciImageStore({ clock: systemClock, log: silentLogger, ...options, directory });
  await store.open();
  return {
    store,
    directory,
    close: async () => {
      await store.close();
      if (options.directory === undefined) await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The files of a small system: busybox as the shell. */
export async function busyboxFiles(): Promise<TarItem[]> {
  return [
    { name: 'bin/', type: '5' },
    { name: 'bin/busybox', content: await readFile('/bin/busybox'), mode: 0o755 },
    { name: 'bin/sh', type: '2', link: 'busybox' },
    { name: 'tmp/', type: '5', mode: 0o1777 },
  ];
}

/** Puts an image of these files under this name into its registry. */
export async function publish(name: string, files: readonly TarItem[]): Promise<string> {
  const { store, close } = await aStore();
  try {
    const config = { Cmd: ['/bin/sh'], User: '1000', Env: ['PATH=/bin'] };
    await importRootfs(store, Readable.from([makeTar(files)]), { reference: name, config });
    return await pushImage(store, name, { credentials: [] });
  } finally {
    await close();
  }
}
