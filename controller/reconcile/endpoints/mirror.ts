import type { EndpointAddress, Endpoints, KubeObject } from '../../../shared/objects/types.ts';
import type { Target } from './targets.ts';
import { maxAddresses } from './subsets.ts';

export type EndpointsObject = KubeObject & Endpoints;

/** Says that these Endpoints are no places that a Service leads to: elections of old clients are kept in them. */
const leaderAnnotation = 'control-plane.alpha.kubernetes.io/leader';
const skipLabel = 'endpointslice.kubernetes.io/skip-mirror';

/** Whether Endpoints that somebody wrote by hand are to be shown as slices too. */
export function isMirrored({ metadata }: EndpointsObject): boolean {
  return metadata.labels?.[skipLabel] !== 'true' && metadata.annotations?.[leaderAnnotation] === undefined;
}

/** What Endpoints say, as targets; of each subset at most the first 1,000 addresses. */
export function targetsOf({ subsets = [] }: EndpointsObject): Target[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const named = ports.map(({ name = '', protocol = 'TCP', ...rest }) => ({ name, protocol, ...rest }));
    const all = [...addresses.map(targetFrom(true)), ...notReadyAddresses.map(targetFrom(false))];
    return all.slice(0, maxAddresses).map((endpoint) => ({ endpoint, ports: named }));
  });
}

const targetFrom =
  (ready: boolean) =>
  ({ ip, hostname, nodeName, targetRef }: EndpointAddress): Target['endpoint'] => ({
    addresses: [ip],
    conditions: { ready },
    ...(hostname !== undefined && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    ...(targetRef && { targetRef }),
  });
