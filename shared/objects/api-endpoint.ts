import { kubernetesAddress } from '../service-range.ts';
import type { Endpoints, KubeObject } from './types.ts';

/** Where the API listens. */
export interface ApiEndpoint {
  host: string;
  port: number;
}

/** Endpoints that tell where the API listens, as a key of what nodes are told. */
export const apiEndpointsKey = 'endpoints/default/kubernetes';

/** How pods know the API, wherever it listens: the address of Service `default/kubernetes`. */
export const apiService: ApiEndpoint = { host: kubernetesAddress, port: 443 };

/** Names that the API is called by in pods; its certificate covers them. */
export const apiServiceNames: readonly string[] = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
  kubernetesAddress,
];

/** The address in these Endpoints; undefined when there is none. */
export function apiEndpointOf(object: KubeObject | undefined): ApiEndpoint | undefined {
  const [subset] = (object as (KubeObject & Endpoints) | undefined)?.subsets ?? [];
  const host = subset?.addresses?.[0]?.ip;
  const port = subset?.ports?.[0]?.port;
  return host === undefined || port === undefined ? undefined : { host, port };
}
