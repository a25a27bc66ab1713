import type { KubeObject, Pod, Service, Stored } from '../../../shared/objects/types.ts';
import type { Store } from '../../store/store.ts';
import { targetsOfEndpoints, targetsOfSlice, type Named } from './endpoints.ts';
import type { TargetGroup } from './labels.ts';
import { targetsOfNode } from './nodes.ts';
import { targetsOfPod } from './pods.ts';
import { targetsOfIngress, targetsOfService } from './services.ts';

/** One role of Prometheus' service discovery. */
interface Role {
  /** What its targets are made from, the first is listed; who asks must be allowed to list all of them. */
  resources: readonly string[];
  targets(object: KubeObject, named: Named): TargetGroup[];
}

const role = <T>(resources: readonly string[], targets: (object: Stored<T>, named: Named) => TargetGroup[]): Role => ({
  resources,
  targets: (object, named) => targets(object as Stored<T>, named),
});

/** As `kubernetes_sd_config` names them. */
export const targetRoles: ReadonlyMap<string, Role> = new Map([
  ['pod', role(['pods'], targetsOfPod)],
  ['service', role(['services'], targetsOfService)],
  ['endpoints', role(['endpoints', 'services', 'pods'], targetsOfEndpoints)],
  ['endpointslice', role(['endpointslices.discovery.k8s.io', 'services', 'pods'], targetsOfSlice)],
  ['node', role(['nodes'], targetsOfNode)],
  ['ingress', role(['ingresses.networking.k8s.io'], targetsOfIngress)],
]);

/** All targets of a role in the given namespaces, or with none given in the cluster. */
export function listTargets(store: Store, { resources, targets }: Role, namespaces: readonly string[]): TargetGroup[] {
  const [resource = ''] = resources;
  const named: Named = {
    pod: (namespace, name) => store.get<Stored<Pod>>('pods', namespace, name),
    service: (namespace, name) => store.get<Stored<Service>>('services', namespace, name),
  };
  const places = namespaces.length === 0 ? [''] : namespaces;
  return places
    .flatMap((namespace) => store.list(resource, { namespace }).items)
    .flatMap((object) => targets(object, named));
}
