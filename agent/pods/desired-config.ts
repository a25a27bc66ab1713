import type { KubeObject } from '../../shared/objects/types.ts';
import type { DesiredSet } from '../controller-link.ts';
import type { ConfigSource } from '../volumes/volumes.ts';

/** Config maps, secrets and service accounts as the controller sent them, or as the disk kept them. */
export class DesiredConfig implements ConfigSource {
  readonly #desired: Pick<DesiredSet, 'get'>;

  constructor(desired: Pick<DesiredSet, 'get'>) {
    this.#desired = desired;
  }

  find(resource: string, namespace: string, name: string): KubeObject | undefined {
    return this.#desired.get(`${resource}/${namespace}/${name}`);
  }
}
