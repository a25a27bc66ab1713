import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError, messageOf } from '../../shared/errors.ts';
import type { Pod, Stored, Volume } from '../../shared/objects/types.ts';
import { listMounts, mount, unmount } from '../host/mounts.ts';
import type { AgentPaths } from '../paths.ts';
import { writeTree } from './atomic-tree.ts';
import { makeEmptyDir } from './empty-dir.ts';
import { checkHostPath } from './host-path.ts';
import { payloadOf } from './payload.ts';
import { bindSubPath } from './sub-path.ts';
import type { ConfigSource, SubPath, Volumes } from './volumes.ts';

interface Deps {
  paths: Pick<AgentPaths, 'pods' | 'secrets'>;
  config: ConfigSource;
  /** Of the node, in millicores and bytes. */
  allocatable: Readonly<Record<string, number>>;
}

const tmpfsMagic = 0x0102_1994;

/** Volumes as directories of the host: secrets in memory, the rest below the data directory. Work on one pod is done in turn. */
export class NodeVolumes implements Volumes {
  readonly #deps: Deps;
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Host paths by pod and volume name, as last prepared. */
  readonly #prepared = new Map<string, ReadonlyMap<string, string>>();
  #secretsReady: Promise<void> | undefined;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  prepare(pod: Stored<Pod>): Promise<ReadonlyMap<string, string>> {
    return this.#inTurn(pod.metadata.uid, async () => {
      const hostPaths = new Map<string, string>();
      for (const volume of pod.spec?.volumes ?? []) {
        try {
          hostPaths.set(volume.name, await this.#prepareOne(pod, volume));
        } catch (error) {
          const text = `MountVolume.SetUp failed for volume "${volume.name}" : ${messageOf(error)}`;
          throw new ApiError('NotFound', text, {}, { cause: error });
        }
      }
      this.#prepared.set(pod.metadata.uid, hostPaths);
      return hostPaths;
    });
  }

  subPath({ podUid, volume, container, index, path }: SubPath): Promise<string> {
    return this.#inTurn(podUid, async () => {
      const hostPath = this.#prepared.get(podUid)?.get(volume);
      if (hostPath === undefined) throw new ApiError('NotFound', `volume "${volume}" not found`);
      const target = join(this.#below(this.#deps.paths.pods, podUid), 'subpaths', container, String(index));
      await bindSubPath(hostPath, path, target);
      return target;
    });
  }

  remove(podUid: string): Promise<void> {
    return this.#inTurn(podUid, async () => {
      this.#prepared.delete(podUid);
      const own = this.#below(this.#deps.paths.pods, podUid);
      await removeTree(join(own, 'subpaths'));
      await removeTree(join(own, 'volumes'));
      await removeTree(this.#below(this.#deps.paths.secrets, podUid));
    });
  }

  async list(): Promise<string[]> {
    const { pods, secrets } = this.#deps.paths;
    const found = await Promise.all([pods, secrets].map((path) => readdir(path).catch(() => [])));
    return [...new Set(found.flat())];
  }

  async #prepareOne(pod: Stored<Pod>, volume: Volume): Promise<string> {
    const { hostPath, emptyDir } = volume;
    if (hostPath !== undefined) {
      await checkHostPath(hostPath.path, hostPath.type);
      return hostPath.path;
    }
    const { uid } = pod.metadata;
    const group = pod.spec?.securityContext?.fsGroup;
    if (emptyDir !== undefined) {
      const path = join(this.#below(this.#deps.paths.pods, uid), 'volumes', nameOf(volume));
      await makeEmptyDir(path, emptyDir, group);
      return path;
    }
    const isWritten = ['configMap', 'secret', 'downwardAPI', 'projected'].some((kind) => kind in volume);
    if (!isWritten) {
      const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'none';
      throw new ApiError('BadRequest', `volumes of type ${kind} are not supported by this node`);
    }
    const payload = payloadOf(pod, volume, this.#deps);
    const path = await this.#writtenPath(uid, volume);
    await writeTree(path, payload, group);
    return path;
  }

  /** What may hold a secret never reaches a disk. */
  async #writtenPath(uid: string, volume: Volume): Promise<string> {
    if (volume.secret === undefined && volume.projected === undefined) {
      return join(this.#below(this.#deps.paths.pods, uid), 'volumes', nameOf(volume));
    }
    this.#secretsReady ??= makeMemoryDirectory(this.#deps.paths.secrets);
    await this.#secretsReady.catch((error: unknown) => {
      this.#secretsReady = undefined;
      throw error;
    });
    return join(this.#below(this.#deps.paths.secrets, uid), nameOf(volume));
  }

  #below(base: string, uid: string): string {
    if (!/^[A-Za-z0-9-]+$/.test(uid)) throw new ApiError('BadRequest', `not a pod uid: ${uid}`);
    return join(base, uid);
  }

  async #inTurn<T>(uid: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(uid) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#turns.set(uid, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(uid) === mine) this.#turns.delete(uid);
    }
  }
}

function nameOf({ name }: Volume): string {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) throw new ApiError('BadRequest', `not a volume name: ${name}`);
  return name;
}

async function makeMemoryDirectory(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const { type } = await statfs(path);
  if (type !== tmpfsMagic) await mount('tmpfs', path, 'tmpfs', ['nosuid', 'nodev', 'noexec'], 'mode=0700,size=256m');
}

/** Deletes only what lies on the directory itself: everything mounted below is detached first, or nothing is deleted. */
async function removeTree(path: string): Promise<void> {
  for (const point of await listMounts(path)) await unmount(point);
  const left = await listMounts(path);
  if (left.length > 0) throw new ApiError('InternalError', `still mounted: ${left.join(', ')}`);
  await rm(path, { recursive: true, force: true });
}
