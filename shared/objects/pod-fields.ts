import { ApiError } from '../errors.ts';
import { amountsOf, requestsOf } from './pod-requests.ts';
import { milliOf, parseQuantity, unitsOf } from './quantity.ts';
import type { Container, Pod, Stored } from './types.ts';

/** Followed by the name of a container: its AppArmor profile, as pods said it before there was a field. */
export const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';

/** What only the node knows of a pod. */
export interface PodPlace {
  nodeName: string;
  hostIP: string;
  /** '' while there is none. */
  podIP: string;
}

/** The value of a `fieldRef`, as environment variables and downward API files show it. Throws BadRequest for a path that is not offered. */
export function podField(pod: Stored<Pod>, path: string, place: PodPlace): string {
  const keyed = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path);
  if (keyed !== null) return pod.metadata[keyed[1] as 'labels' | 'annotations']?.[keyed[2] ?? ''] ?? '';
  switch (path) {
    case 'metadata.name':
      return pod.metadata.name;
    case 'metadata.namespace':
      return pod.metadata.namespace ?? 'default';
    case 'metadata.uid':
      return pod.metadata.uid;
    case 'metadata.labels':
      return formatMap(pod.metadata.labels);
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations);
    case 'spec.nodeName':
      return place.nodeName;
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? 'default';
    case 'status.hostIP':
    case 'status.hostIPs':
      return place.hostIP;
    case 'status.podIP':
    case 'status.podIPs':
      return place.podIP;
    default:
      throw new ApiError('BadRequest', `unsupported fieldPath: ${path}`);
  }
}

/** One `key="value"` a line, sorted, values escaped. */
function formatMap(map: Readonly<Record<string, string>> = {}): string {
  const keys = Object.keys(map).sort();
  return keys.map((key) => `${key}=${JSON.stringify(map[key] ?? '')}`).join('\n');
}

/** The value of a `resourceFieldRef`: limits that are not set are those of the node. Throws BadRequest for a resource that is not offered. */
export function resourceField(
  container: Container,
  resource: string,
  divisor: string | undefined,
  allocatable: Readonly<Record<string, number>>,
): string {
  const match = /^(limits|requests)\.(cpu|memory|ephemeral-storage)$/.exec(resource);
  if (match === null) throw new ApiError('BadRequest', `unsupported container resource : ${resource}`);
  const name = match[2] ?? '';
  const limits = { ...allocatable, ...amountsOf(container.resources?.limits) };
  const amount = (match[1] === 'limits' ? limits : requestsOf(container))[name] ?? 0;
  const unit = parseQuantity(divisor === undefined || divisor === '0' ? '1' : divisor);
  return String(Math.ceil(amount / (name === 'cpu' ? milliOf(unit) : unitsOf(unit))));
}
