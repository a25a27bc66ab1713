import { isDeepStrictEqual } from 'node:util';
import type { Cause } from '../../errors.ts';
import type { EphemeralContainer, Pod, PodSpec } from '../types.ts';
import { eachOf, findDuplicates, forbidden, notFound } from './causes.ts';
import { containerCauses } from './container.ts';

/** Nobody waits for a container that only looks, so nothing about its readiness or its share can be said. */
const senseless = [
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resources',
  'resizePolicy',
] as const;
const refusal = 'cannot be set for an Ephemeral Container';

/** Checks a write to `pods/ephemeralcontainers`: containers may be added, and what is there stays as it is. */
export function ephemeralUpdateCauses({ spec }: Pod, old: Pod): Cause[] {
  if (!spec) return [];
  const path = 'spec.ephemeralContainers';
  const next = spec.ephemeralContainers ?? [];
  const kept = (old.spec?.ephemeralContainers ?? []).flatMap((before) => {
    const now = next.find(({ name }) => name === before.name);
    if (now === undefined)
      return [forbidden(path, `existing ephemeral containers "${before.name}" may not be removed`)];
    if (isDeepStrictEqual(now, before)) return [];
    return [forbidden(path, `existing ephemeral containers "${before.name}" may not be changed`)];
  });
  const others = [...(spec.initContainers ?? []), ...spec.containers];
  const field = (index: number): string => `${path}[${index - others.length}].name`;
  return [
    ...kept,
    ...findDuplicates([...others, ...next], field, ({ name }) => name),
    ...eachOf(next, path, (container, at) => ephemeralCauses(container, spec, at)),
  ];
}

function ephemeralCauses(container: EphemeralContainer, spec: PodSpec, path: string): Cause[] {
  const { targetContainerName: target, volumeMounts } = container;
  const isSet = (name: (typeof senseless)[number]): boolean => Object.keys(container[name] ?? {}).length > 0;
  return [
    ...containerCauses(container, spec, path, false),
    ...senseless.filter(isSet).map((name) => forbidden(`${path}.${name}`, refusal)),
    ...(target && !spec.containers.some(({ name }) => name === target)
      ? [notFound(`${path}.targetContainerName`, target)]
      : []),
    ...eachOf(volumeMounts, `${path}.volumeMounts`, ({ subPath, subPathExpr }, at) => [
      ...(subPath ? [forbidden(`${at}.subPath`, refusal)] : []),
      ...(subPathExpr ? [forbidden(`${at}.subPathExpr`, refusal)] : []),
    ]),
  ];
}
