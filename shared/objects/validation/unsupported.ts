import { resourceName, type ResourceInfo } from '../resources.ts';
import type { Container, KubeObject, PodSpec } from '../types.ts';

/** Sources of volumes that nodes can mount; every other one is refused. Shown in messages. */
export const volumeSources: readonly string[] = [
  'configMap',
  'downwardAPI',
  'emptyDir',
  'hostPath',
  'projected',
  'secret',
];

/** Fields of a pod spec that are kept but change nothing. Shorten this when one of them begins to work. */
const podFields: readonly string[] = [
  'affinity.podAffinity',
  'affinity.podAntiAffinity',
  'topologySpreadConstraints',
  'priorityClassName',
  'runtimeClassName',
  'hostUsers',
  'hostPID',
  'hostIPC',
  'shareProcessNamespace',
  'setHostnameAsFQDN',
  'hostnameOverride',
  'subdomain',
  'hostAliases',
  'dnsConfig',
  'overhead',
  'resources',
  'resourceClaims',
  'schedulingGates',
  'schedulingGroup',
  'readinessGates',
  'securityContext.appArmorProfile',
  'securityContext.seLinuxOptions',
  'securityContext.seLinuxChangePolicy',
  'securityContext.windowsOptions',
];

/** The same for each container. */
const containerFields: readonly string[] = [
  'resizePolicy',
  'restartPolicyRules',
  'volumeDevices',
  'resources.claims',
  'lifecycle.stopSignal',
  'securityContext.appArmorProfile',
  'securityContext.seLinuxOptions',
  'securityContext.windowsOptions',
  'securityContext.procMount',
];

/** Values of fields that do work otherwise. */
const values: readonly { field: string; value: unknown }[] = [{ field: 'schedulerName', value: 'default-scheduler' }];

type Tree = Readonly<Record<string, unknown>>;

/** Warnings for what an object asks for and will not get: `spec.priorityClassName: not enforced by this version`. */
export function unsupported(info: ResourceInfo, object: KubeObject): string[] {
  const found = podSpecOf(info, object);
  if (!found) return [];
  const { spec, path } = found;
  const fields = [
    ...podFields.filter((field) => isSet(spec, field)),
    ...values
      .filter(({ field, value }) => ![undefined, value].includes(valueAt(spec, field)))
      .map(({ field }) => field),
    ...(['initContainers', 'containers'] as const).flatMap((list) => containerWarnings(spec[list], list)),
  ];
  return fields.map((field) => `${path}.${field}: not enforced by this version`);
}

function podSpecOf(info: ResourceInfo, object: KubeObject): { spec: PodSpec; path: string } | undefined {
  const { spec } = object as { spec?: PodSpec & { template?: { spec?: PodSpec } } };
  if (resourceName(info) === 'pods') return spec && { spec, path: 'spec' };
  return spec?.template?.spec && { spec: spec.template.spec, path: 'spec.template.spec' };
}

function containerWarnings(containers: readonly Container[] | undefined, list: string): string[] {
  return (containers ?? []).flatMap((container, index) =>
    containerFields.filter((field) => isSet(container, field)).map((field) => `${list}[${index}].${field}`),
  );
}

function isSet(object: object, path: string): boolean {
  const value = valueAt(object, path);
  return value !== undefined && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0);
}

function valueAt(object: object, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => (value as Tree | undefined)?.[name], object);
}
