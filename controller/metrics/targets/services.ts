import type { Ingress, Service, Stored } from '../../../shared/objects/types.ts';
import { hostPort, labelsOfObject, meta, type TargetGroup, type TargetLabels } from './labels.ts';

/** Role `service`: each port, at the name of the service. */
export function targetsOfService({ metadata, spec }: Stored<Service>): TargetGroup[] {
  const common = { ...labelsOfObject('service', metadata), ...addressLabels(spec) };
  return (spec?.ports ?? []).map(({ name = '', port, protocol = 'TCP' }) => ({
    targets: [hostPort(`${metadata.name}.${metadata.namespace ?? ''}.svc`, port)],
    labels: {
      ...common,
      ...meta({ service_port_name: name, service_port_number: port, service_port_protocol: protocol }),
    },
  }));
}

function addressLabels(spec: Service['spec']): TargetLabels {
  const { type = 'ClusterIP', clusterIP = '', externalName = '', loadBalancerIP = '' } = spec ?? {};
  return meta({
    service_type: type,
    ...(type === 'ExternalName' ? { service_external_name: externalName } : { service_cluster_ip: clusterIP }),
    ...(type === 'LoadBalancer' && { service_loadbalancer_ip: loadBalancerIP }),
  });
}

/** Role `ingress`: each path of each host, for probes from outside. */
export function targetsOfIngress({ metadata, spec }: Stored<Ingress>): TargetGroup[] {
  const common = { ...labelsOfObject('ingress', metadata), ...meta({ ingress_class_name: spec?.ingressClassName }) };
  const secured = (spec?.tls ?? []).flatMap(({ hosts = [] }) => hosts);
  return (spec?.rules ?? []).flatMap(({ host = '', http }) => {
    const scheme = secured.some((pattern) => covers(pattern, host)) ? 'https' : 'http';
    const paths = http?.paths.map(({ path }) => path || '/') ?? ['/'];
    return paths.map((path) => ({
      targets: [host],
      labels: { ...common, ...meta({ ingress_scheme: scheme, ingress_host: host, ingress_path: path }) },
    }));
  });
}

/** A star stands for one whole label of a name. */
function covers(pattern: string, host: string): boolean {
  const [first, ...rest] = pattern.split('.');
  const [own, ...others] = host.split('.');
  return host !== '' && (first === '*' || first === own) && rest.join('.') === others.join('.');
}
