import { appArmorAnnotation } from '../pod-fields.ts';
import { podTemplateOf, podTemplatePath } from '../pod-template.ts';
import type { ResourceInfo } from '../resources.ts';
import type { KubeObject, PodSpec, Volume } from '../types.ts';

/** Sources of volumes that nodes can mount; a pod with another one is kept, and no node takes it. */
const mountedSources: readonly string[] = ['configMap', 'downwardAPI', 'emptyDir', 'hostPath', 'projected', 'secret'];

/** Sources of projected volumes that nodes can write; every other one is refused. Shown in messages. */
export const projectedSources: readonly string[] = ['configMap', 'downwardAPI', 'secret', 'serviceAccountToken'];

/**
 * Fields of a pod spec that are kept but change nothing, with the value that asks for nothing after `=`. A path leads
 * through every element of a list. Shorten this when one of them begins to work.
 */
const podFields: readonly string[] = [
  'affinity.podAffinity',
  'affinity.podAntiAffinity',
  'topologySpreadConstraints',
  'priorityClassName',
  'priority=0',
  'preemptionPolicy=PreemptLowerPriority',
  'schedulerName=default-scheduler',
  'schedulingGates',
  'schedulingGroup',
  'setHostnameAsFQDN',
  'hostnameOverride',
  'subdomain',
  'resources',
  'resourceClaims',
  'securityContext.seLinuxChangePolicy',
  'securityContext.windowsOptions',
  'securityContext.fsGroupChangePolicy=Always',
];

/** The same for each container. */
const containerFields: readonly string[] = [
  'restartPolicyRules',
  'volumeDevices',
  'resources.claims',
  'lifecycle.stopSignal',
  'securityContext.windowsOptions',
];

/** Warnings for what an object asks for and will not get: `spec.priorityClassName: not enforced by this version`. */
export function unsupported(info: ResourceInfo, object: KubeObject): string[] {
  const { metadata, spec } = podTemplateOf(info, object) ?? {};
  if (!spec) return [];
  const way = podTemplatePath(info.kind) ?? [];
  const path = [...way, 'spec'].join('.');
  const fields = [
    ...askedOf(spec, podFields),
    ...(['initContainers', 'containers', 'ephemeralContainers'] as const).flatMap((list) =>
      (spec[list] ?? []).flatMap((container, index) =>
        askedOf(container, containerFields).map((field) => `${list}[${index}].${field}`),
      ),
    ),
  ];
  const unenforced = [...fields, ...unmounted(spec)].map((field) => `${path}.${field}: not enforced by this version`);
  return [...unenforced, ...outdated(metadata?.annotations, [...way, 'metadata.annotations'].join('.'))];
}

/** What Kubernetes had annotations for: those of seccomp do nothing any more, those of AppArmor still do. */
function outdated(annotations: Readonly<Record<string, string>> = {}, path: string): string[] {
  return Object.keys(annotations).flatMap((name) => {
    const use = (field: string): string => `use the "${field}" field instead`;
    if (/^(container\.)?seccomp\.security\.alpha\.kubernetes\.io\//.test(name)) {
      return [`${path}[${name}]: non-functional in v1.27+; ${use('seccompProfile')}`];
    }
    if (!name.startsWith(appArmorAnnotation)) return [];
    return [`${path}[${name}]: deprecated since v1.30; ${use('appArmorProfile')}`];
  });
}

/** The source of a volume that no node of this version can mount, or undefined. */
export function unmountedSource(volume: Volume): string | undefined {
  return Object.keys(volume).find((key) => key !== 'name' && !mountedSources.includes(key));
}

function unmounted({ volumes = [] }: PodSpec): string[] {
  return volumes.flatMap((volume, index) => {
    const source = unmountedSource(volume);
    return source === undefined ? [] : [`volumes[${index}].${source}`];
  });
}

/** The fields of a list that are set to more than nothing. */
function askedOf(object: object, fields: readonly string[]): string[] {
  return fields.flatMap((text) => {
    const [path = '', nothing] = text.split('=');
    const isAsked = valuesAt([object], path.split('.')).some((value) => !isNothing(value) && String(value) !== nothing);
    return isAsked ? [path] : [];
  });
}

function valuesAt(objects: readonly unknown[], path: readonly string[]): unknown[] {
  return path.reduce<unknown[]>(
    (values, name) => values.flatMap((value) => (value as Readonly<Record<string, unknown>> | undefined)?.[name]),
    [...objects],
  );
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}
