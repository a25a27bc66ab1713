import { type ApiEndpoint, apiService } from '../../shared/objects/api-endpoint.ts';
import type { PodSpec } from '../../shared/objects/types.ts';

/**
 * The variables by which programs in a container find the API, as those of Service `default/kubernetes` are named.
 * None when the API cannot be reached from here. A pod in the host's network has no way to the Service's address, so it
 * is given the address that is behind it.
 */
export function apiVariables({ hostNetwork }: PodSpec, api: ApiEndpoint | undefined): [name: string, value: string][] {
  if (api === undefined) return [];
  const { host, port } = hostNetwork === true ? api : apiService;
  const url = `tcp://${host}:${port}`;
  return [
    ['KUBERNETES_SERVICE_HOST', host],
    ['KUBERNETES_SERVICE_PORT', String(port)],
    ['KUBERNETES_SERVICE_PORT_HTTPS', String(port)],
    ['KUBERNETES_PORT', url],
    [`KUBERNETES_PORT_${port}_TCP`, url],
    [`KUBERNETES_PORT_${port}_TCP_PROTO`, 'tcp'],
    [`KUBERNETES_PORT_${port}_TCP_PORT`, String(port)],
    [`KUBERNETES_PORT_${port}_TCP_ADDR`, host],
  ];
}
