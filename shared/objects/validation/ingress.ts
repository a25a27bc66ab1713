import { isIP } from 'node:net';
import type { Cause } from '../../errors.ts';
import type { HTTPIngressPath, Ingress, IngressBackend, IngressClass, IngressRule } from '../types.ts';
import { eachOf, forbidden, immutable, invalid, required, tooLong } from './causes.ts';
import { dnsSubdomain, domainPath, hostName, portName, portNumber, serviceName } from './formats.ts';

/** Checks an Ingress. */
export function ingressCauses({ spec = {} }: Ingress): Cause[] {
  const { rules = [], defaultBackend, tls, ingressClassName } = spec;
  const isEmpty = rules.length === 0 && !defaultBackend;
  return [
    ...(isEmpty ? [invalid('spec', rules, 'either `defaultBackend` or `rules` must be specified')] : []),
    ...(defaultBackend ? backendCauses(defaultBackend, 'spec.defaultBackend') : []),
    ...eachOf(rules, 'spec.rules', ruleCauses),
    ...eachOf(tls, 'spec.tls', ({ hosts, secretName }, at) => [
      ...eachOf(hosts, `${at}.hosts`, hostName),
      ...dnsSubdomain(secretName, `${at}.secretName`),
    ]),
    ...dnsSubdomain(ingressClassName, 'spec.ingressClassName'),
  ];
}

function ruleCauses({ host = '', http }: IngressRule, path: string): Cause[] {
  const isAddress = isIP(host) !== 0;
  return [
    ...(isAddress ? [invalid(`${path}.host`, host, 'must be a DNS name, not an IP address')] : []),
    ...(isAddress ? [] : hostName(host, `${path}.host`)),
    ...(http && (http.paths ?? []).length === 0 ? [required(`${path}.http.paths`)] : []),
    ...eachOf(http?.paths, `${path}.http.paths`, (each, at) => [
      ...pathCauses(each, `${at}.path`),
      ...(each.backend ? backendCauses(each.backend, `${at}.backend`) : []),
    ]),
  ];
}

function pathCauses({ path = '', pathType }: HTTPIngressPath, field: string): Cause[] {
  const isLoose = pathType !== 'Exact' && pathType !== 'Prefix';
  if (isLoose) return path === '' || path.startsWith('/') ? [] : [invalid(field, path, 'must be an absolute path')];
  if (!path.startsWith('/')) return [invalid(field, path, 'must be an absolute path')];
  const within = ['//', '/./', '/../', '%2f', '%2F'].filter((part) => path.includes(part));
  const atEnd = ['/..', '/.'].filter((part) => path.endsWith(part));
  return [
    ...within.map((part) => invalid(field, path, `must not contain '${part}'`)),
    ...atEnd.map((part) => invalid(field, path, `cannot end with '${part}'`)),
  ];
}

function backendCauses({ service, resource }: IngressBackend, path: string): Cause[] {
  if (service && resource) return [invalid(path, '', 'cannot set both resource and service backends')];
  if (resource) return [];
  if (!service) return [invalid(path, '', 'resource or service backend is required')];
  const { name, number } = service.port ?? {};
  const causes = serviceName(service.name, `${path}.service.name`);
  if (name && number) return [...causes, invalid(path, '', 'cannot set both port name & port number')];
  if (name) return [...causes, ...portName(name, `${path}.service.port.name`)];
  if (number) return [...causes, ...portNumber(number, `${path}.service.port.number`)];
  return [...causes, required(path, 'port name or number is required')];
}

const longestController = 250;

/** Checks an IngressClass. */
export function ingressClassCauses({ spec }: IngressClass): Cause[] {
  const { controller = '', parameters } = spec ?? {};
  const field = 'spec.controller';
  if (controller === '') return [required(field)];
  return [
    ...(controller.length > longestController ? [tooLong(field, longestController)] : domainPath(controller, field)),
    ...(parameters ? scopeCauses(parameters, 'spec.parameters') : []),
  ];
}

function scopeCauses({ scope, namespace }: { scope?: string; namespace?: string }, path: string): Cause[] {
  const field = `${path}.namespace`;
  if (scope === 'Namespace' && !namespace) return [required(field, "`parameters.scope` is set to 'Namespace'")];
  if (scope === 'Cluster' && namespace) return [forbidden(field, "`parameters.scope` is set to 'Cluster'")];
  return [];
}

/** Whose class it is stays. */
export function ingressClassUpdateCauses({ spec }: IngressClass, { spec: old }: IngressClass): Cause[] {
  return immutable('spec.controller', spec?.controller, old?.controller);
}
