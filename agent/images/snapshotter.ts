import type { PodUsers } from '../host/namespaces.ts';
import type { ContainerId } from '../runtime/driver.ts';

/** What a driver needs to know of an image to start a container from it. OCI image config, `config` field. */
export interface ImageConfig {
  Entrypoint?: string[];
  Cmd?: string[];
  Env?: string[];
  WorkingDir?: string;
  User?: string;
  StopSignal?: string;
  Volumes?: Record<string, unknown>;
  Labels?: Record<string, string>;
}

/** Writable file systems of containers over the layers of an image. */
export interface Snapshotter {
  /** Config of a complete image; throws NotFound. */
  imageConfig(imageId: string): Promise<ImageConfig>;
  /**
   * Mounts a fresh writable root over the image's layers, owned by these users or by the host's; the path of the mount.
   * Keeps the layers from being removed.
   */
  prepare(id: ContainerId, imageId: string, users?: PodUsers): Promise<string>;
  /** Where on the disk is what the container has written to its root. */
  writablePath(id: ContainerId): string;
  /** Unmounts and removes. Succeeds when it is gone. */
  remove(id: ContainerId): Promise<void>;
  /** Of containers, mounted or not. */
  list(): Promise<ContainerId[]>;
}
