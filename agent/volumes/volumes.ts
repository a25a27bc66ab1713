import type { KubeObject, Pod, Stored } from '../../shared/objects/types.ts';

/** Config maps, secrets and service accounts the controller sent for this node's pods. */
export interface ConfigSource {
  /** Undefined when it does not exist (yet). `resource` as `configmaps`, `secrets`, `serviceaccounts`. */
  find(resource: string, namespace: string, name: string): KubeObject | undefined;
}

/** The volumes of pods on this node. */
export interface Volumes {
  /** Makes or refreshes all volumes of the pod; host path by volume name. Throws NotFound naming what is missing. Called again, it writes only what changed, atomically (`..data`). */
  prepare(pod: Stored<Pod>): Promise<ReadonlyMap<string, string>>;
  /** Unmounts and removes everything of the pod except host paths. Succeeds when it is gone. */
  remove(podUid: string): Promise<void>;
  /** Uids that still have volumes. */
  list(): Promise<string[]>;
}
