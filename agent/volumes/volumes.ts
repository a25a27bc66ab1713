import type { KubeObject, Pod, Stored } from '../../shared/objects/types.ts';

/** Config maps, secrets and service accounts the controller sent for this node's pods. */
export interface ConfigSource {
  /** Undefined when it does not exist (yet). `resource` as `configmaps`, `secrets`, `serviceaccounts`; `tokens` has those of a pod under its name. */
  find(resource: string, namespace: string, name: string): KubeObject | undefined;
}

/** A part of a volume that one container mounts in place of the whole. */
export interface SubPath {
  podUid: string;
  volume: string;
  container: string;
  /** Position among the volume mounts of the container. */
  index: number;
  /** Relative, as the user wrote it, variables expanded. */
  path: string;
}

/** The volumes of pods on this node. */
export interface Volumes {
  /** Makes or refreshes all volumes of the pod; host path by volume name. Throws NotFound naming what is missing. Called again, it writes only what changed, atomically (`..data`). */
  prepare(pod: Stored<Pod>): Promise<ReadonlyMap<string, string>>;
  /**
   * The host path of a sub path of a prepared volume, made as a directory when it is not there. No symbolic link leads
   * out of the volume, also not one that is swapped in later. Throws Forbidden when one tries.
   */
  subPath(subPath: SubPath): Promise<string>;
  /** Unmounts and removes everything of the pod except host paths. Succeeds when it is gone. */
  remove(podUid: string): Promise<void>;
  /** Uids that still have volumes. */
  list(): Promise<string[]>;
}
