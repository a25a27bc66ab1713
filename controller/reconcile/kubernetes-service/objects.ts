import type { Endpoints, EndpointSlice, KubeObject, Service } from '../../../shared/objects/types.ts';
import { kubernetesAddress } from '../../../shared/service-range.ts';

/** Where the API listens, as others reach it. */
export interface ApiAddress {
  /** IPv4 or IPv6. */
  address: string;
  port: number;
}

const metadata = { name: 'kubernetes', namespace: 'default' };
const protocol = 'TCP';

/** Service `default/kubernetes`, by which programs in pods look for the API. */
export function kubernetesService({ port }: ApiAddress): KubeObject & Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      clusterIP: kubernetesAddress,
      clusterIPs: [kubernetesAddress],
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ name: 'https', port: 443, protocol, targetPort: port }],
      sessionAffinity: 'None',
      type: 'ClusterIP',
    },
  };
}

/** Where the Service leads. It selects no pods, so nobody else fills these in. */
export function kubernetesEndpoints({ address, port }: ApiAddress): KubeObject & Endpoints {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...metadata, labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [{ addresses: [{ ip: address }], ports: [{ name: 'https', port, protocol }] }],
  };
}

export function kubernetesSlice({ address, port }: ApiAddress): KubeObject & EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
    addressType: address.includes(':') ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol }],
  };
}
