import type { Cause } from '../../errors.ts';
import { appArmorAnnotation } from '../pod-fields.ts';
import { sysctlNamespace } from '../sysctls.ts';
import type { PodSpec, PodTemplateSpec, Toleration } from '../types.ts';
import { eachOf, findDuplicates, forbidden, invalid, required } from './causes.ts';
import { containersCauses, idCauses, profileCauses } from './container.ts';
import { atLeast, between, dnsLabel, dnsSubdomain, ipAddress, labelKey } from './formats.ts';
import { annotationCauses, labelCauses } from './metadata.ts';
import { placementCauses } from './node-selector.ts';
import { amountCauses } from './resource-amounts.ts';
import { volumeCauses } from './volume.ts';

const maxSeconds = 2 ** 31 - 1;

/** Checks a pod spec, in a template as well as in a pod. */
export function podSpecCauses(spec: PodSpec, path: string): Cause[] {
  return [
    ...containersCauses(spec, path),
    ...eachOf(spec.volumes, `${path}.volumes`, volumeCauses),
    ...findDuplicates(
      spec.volumes,
      (index) => `${path}.volumes[${index}].name`,
      ({ name }) => name,
    ),
    ...atLeast(spec.terminationGracePeriodSeconds, `${path}.terminationGracePeriodSeconds`, 0),
    ...between(spec.activeDeadlineSeconds, `${path}.activeDeadlineSeconds`, 1, maxSeconds),
    ...dnsLabel(spec.hostname, `${path}.hostname`),
    ...dnsLabel(spec.subdomain, `${path}.subdomain`),
    ...dnsSubdomain(spec.nodeName, `${path}.nodeName`),
    ...dnsSubdomain(spec.serviceAccountName, `${path}.serviceAccountName`),
    ...dnsSubdomain(spec.priorityClassName, `${path}.priorityClassName`),
    ...labelCauses(spec.nodeSelector, `${path}.nodeSelector`),
    ...eachOf(spec.tolerations, `${path}.tolerations`, tolerationCauses),
    ...placementCauses(spec, path),
    ...amountCauses(spec.overhead, `${path}.overhead`),
    ...dnsCauses(spec, path),
    ...hostAliasCauses(spec, path),
    ...securityCauses(spec, path),
    ...hostUsersCauses(spec, path),
    ...eachOf(spec.readinessGates, `${path}.readinessGates`, ({ conditionType }, at) =>
      labelKey(conditionType, `${at}.conditionType`),
    ),
  ];
}

/** Checks a pod template. Its labels are told of under the path that Kubernetes prints. */
export function templateCauses(template: PodTemplateSpec | undefined, path: string): Cause[] {
  if (!template) return [];
  return [
    ...labelCauses(template.metadata?.labels, `${path}.labels`),
    ...annotationCauses(template.metadata?.annotations, `${path}.annotations`),
    ...(template.spec ? podSpecCauses(template.spec, `${path}.spec`) : [required(`${path}.spec.containers`)]),
    ...ephemeralCauses(template.spec, `${path}.spec`),
    ...(template.spec
      ? appArmorAnnotationCauses(template.metadata?.annotations, template.spec, `${path}.annotations`)
      : []),
  ];
}

/** Debug containers come later, through their own subresource. */
export function ephemeralCauses(spec: PodSpec | undefined, path: string): Cause[] {
  if ((spec?.ephemeralContainers ?? []).length === 0) return [];
  return [forbidden(`${path}.ephemeralContainers`, 'cannot be set on create')];
}

function tolerationCauses(
  { key, operator = 'Equal', value, effect, tolerationSeconds }: Toleration,
  path: string,
): Cause[] {
  const causes = labelKey(key, `${path}.key`);
  if (!key && operator !== 'Exists') {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    causes.push(invalid(`${path}.operator`, operator, detail));
  }
  if (operator === 'Exists' && value) {
    causes.push(invalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'"));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    causes.push(invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  }
  return causes;
}

function dnsCauses({ dnsPolicy, dnsConfig }: PodSpec, path: string): Cause[] {
  const servers = dnsConfig?.nameservers ?? [];
  const causes = eachOf(servers, `${path}.dnsConfig.nameservers`, (server, at) => ipAddress(server, at));
  if (dnsPolicy !== 'None' || servers.length > 0) return causes;
  const field = dnsConfig ? `${path}.dnsConfig.nameservers` : `${path}.dnsConfig`;
  return [...causes, required(field, `must provide at least one DNS nameserver when \`dnsPolicy\` is None`)];
}

function hostAliasCauses({ hostAliases }: PodSpec, path: string): Cause[] {
  return eachOf(hostAliases, `${path}.hostAliases`, ({ ip, hostnames }, at) => [
    ...ipAddress(ip, `${at}.ip`),
    ...eachOf(hostnames, `${at}.hostnames`, (name, field) => dnsSubdomain(name, field)),
  ]);
}

function securityCauses(spec: PodSpec, path: string): Cause[] {
  const { securityContext = {}, shareProcessNamespace, hostPID } = spec;
  const { runAsUser, runAsGroup, fsGroup, supplementalGroups, sysctls } = securityContext;
  const { seccompProfile, appArmorProfile } = securityContext;
  const field = `${path}.securityContext`;
  const causes = [
    ...idCauses({ runAsUser, runAsGroup, fsGroup }, field),
    ...eachOf(supplementalGroups, `${field}.supplementalGroups`, (group, at) => between(group, at, 0, maxSeconds)),
    ...profileCauses(seccompProfile, 'seccomp', `${field}.seccompProfile`),
    ...profileCauses(appArmorProfile, 'AppArmor', `${field}.appArmorProfile`),
    ...eachOf(sysctls, `${field}.sysctls`, ({ name }, at) => sysctlCauses(name, spec, `${at}.name`)),
    ...findDuplicates(
      sysctls,
      (index) => `${field}.sysctls[${index}].name`,
      ({ name }) => name,
    ),
  ];
  if (!shareProcessNamespace || !hostPID) return causes;
  return [
    ...causes,
    invalid(`${path}.shareProcessNamespace`, true, 'ShareProcessNamespace and HostPID cannot both be enabled'),
  ];
}

/** Users of a pod's own mean nothing in namespaces that belong to the host's. */
function hostUsersCauses(spec: PodSpec, path: string): Cause[] {
  if (spec.hostUsers !== false) return [];
  const shared = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => spec[name]);
  return shared.map((name) => forbidden(`${path}.${name}`, 'when `hostUsers` is false'));
}

/** AppArmor profiles in the notation of annotations. */
export function appArmorAnnotationCauses(
  annotations: Readonly<Record<string, string>> = {},
  { initContainers = [], containers, ephemeralContainers = [] }: PodSpec,
  path: string,
): Cause[] {
  const names = new Set([...initContainers, ...containers, ...ephemeralContainers].map(({ name }) => name));
  return Object.entries(annotations).flatMap(([key, profile]) => {
    if (!key.startsWith(appArmorAnnotation)) return [];
    const name = key.slice(appArmorAnnotation.length);
    const isProfile = /^(|runtime\/default|unconfined|localhost\/.*)$/.test(profile);
    return [
      ...(names.has(name) ? [] : [invalid(`${path}[${key}]`, name, 'container not found')]),
      ...(isProfile
        ? []
        : [invalid(`${path}[${key}]`, profile, `invalid AppArmor profile name: ${JSON.stringify(profile)}`)]),
    ];
  });
}

function sysctlCauses(name: string, { hostNetwork, hostIPC }: PodSpec, field: string): Cause[] {
  const isName = /^(?:[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?$/;
  if (!name) return [];
  const namespace = sysctlNamespace(name);
  const host = namespace === 'net' && hostNetwork ? 'hostNetwork' : namespace === 'ipc' && hostIPC ? 'hostIPC' : '';
  if (host !== '') return [invalid(field, name, `may not be specified when '${host}' is true`)];
  if (name.length <= 253 && isName.test(name)) return [];
  return [invalid(field, name, 'must have at most 253 characters and be a dotted name of lower case alphanumerics')];
}
