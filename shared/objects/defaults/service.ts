import type { Endpoints, EndpointSlice, IngressClass, NetworkPolicy, Service, ServiceSpec } from '../types.ts';

/** How long a client stays with one pod: three hours. */
const affinitySeconds = 10_800;

/** Fills in a Service. Its addresses are given out elsewhere. */
export function defaultService({ spec }: Service): void {
  if (!spec) return;
  spec.type ||= 'ClusterIP';
  spec.sessionAffinity ||= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP') {
    const { clientIP } = (spec.sessionAffinityConfig ??= {});
    spec.sessionAffinityConfig.clientIP = { timeoutSeconds: affinitySeconds, ...clientIP };
  }
  for (const port of spec.ports ?? []) {
    port.protocol ||= 'TCP';
    port.targetPort ||= port.port;
  }
  defaultTraffic(spec);
}

/** An external name is only an answer of the DNS: there is no traffic to direct. */
function defaultTraffic(spec: ServiceSpec): void {
  if (spec.type === 'ExternalName') return;
  spec.internalTrafficPolicy ||= 'Cluster';
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') spec.externalTrafficPolicy ||= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  spec.ipFamilyPolicy ||= 'SingleStack';
  if ((spec.ipFamilies ?? []).length === 0) spec.ipFamilies = ['IPv4'];
}

/** Fills in Endpoints. */
export function defaultEndpoints({ subsets }: Endpoints): void {
  for (const { ports } of subsets ?? []) for (const port of ports ?? []) port.protocol ||= 'TCP';
}

/** Fills in an EndpointSlice. */
export function defaultEndpointSlice({ ports }: EndpointSlice): void {
  for (const port of ports ?? []) {
    port.name ??= '';
    port.protocol ||= 'TCP';
  }
}

/** Fills in an IngressClass. */
export function defaultIngressClass({ spec }: IngressClass): void {
  if (spec?.parameters) spec.parameters.scope ||= 'Cluster';
}

/** Fills in a NetworkPolicy: without types it is about what it has rules for, and always about what comes in. */
export function defaultNetworkPolicy({ spec }: NetworkPolicy): void {
  if (!spec) return;
  spec.podSelector ??= {};
  for (const { ports } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
    for (const port of ports ?? []) port.protocol ||= 'TCP';
  }
  if ((spec.policyTypes ?? []).length > 0) return;
  spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}
