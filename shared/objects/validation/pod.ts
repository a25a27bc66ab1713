import { isDeepStrictEqual } from 'node:util';
import type { Cause } from '../../errors.ts';
import type { Container, Pod, PodSpec } from '../types.ts';
import { forbidden, invalid } from './causes.ts';
import { appArmorAnnotationCauses, ephemeralCauses, podSpecCauses } from './pod-spec.ts';

/** Checks a new pod. */
export function podCauses({ metadata, spec }: Pod): Cause[] {
  if (!spec) return [forbidden('spec', 'must be set')];
  return [
    ...podSpecCauses(spec, 'spec'),
    ...ephemeralCauses(spec, 'spec'),
    ...appArmorAnnotationCauses(metadata?.annotations, spec, 'metadata.annotations'),
  ];
}

const changeable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** Checks what an update makes of a pod: nearly everything is settled when it is made. */
export function podUpdateCauses(pod: Pod, old: Pod): Cause[] {
  const [next, before] = [pod.spec, old.spec];
  if (!next || !before) return [];
  const causes = podSpecCauses(next, 'spec');
  if (next.containers.length !== before.containers.length) {
    return [...causes, forbidden('spec.containers', 'pod updates may not add or remove containers')];
  }
  causes.push(...deadlineCauses(next, before), ...tolerationCauses(next, before));
  const [fixedNext, fixedBefore] = [fixedPart(next), fixedPart(before)];
  const changed = Object.keys({ ...fixedNext, ...fixedBefore }).filter(
    (name) => !isDeepStrictEqual(fixedNext[name], fixedBefore[name]),
  );
  if (changed.length === 0) return causes;
  return [...causes, forbidden('spec', `${changeable}; changed: ${changed.join(', ')}`)];
}

/** The spec without what may change, in plain form. */
function fixedPart(spec: PodSpec): Record<string, unknown> {
  const { tolerations: _tolerations, activeDeadlineSeconds: _deadline, ...rest } = spec;
  const withoutImage = ({ image: _image, ...fixed }: Container): object => fixed;
  return JSON.parse(
    JSON.stringify({
      ...rest,
      containers: spec.containers.map(withoutImage),
      initContainers: spec.initContainers?.map(withoutImage),
    }),
  ) as Record<string, unknown>;
}

/** A deadline may be set or come nearer. */
function deadlineCauses(next: PodSpec, before: PodSpec): Cause[] {
  const field = 'spec.activeDeadlineSeconds';
  const [now, then] = [next.activeDeadlineSeconds, before.activeDeadlineSeconds];
  if (now === then || then === undefined) return [];
  if (now === undefined) return [invalid(field, null, 'must not update from a positive integer to nil value')];
  return now < then ? [] : [invalid(field, now, 'must be less than or equal to previous value')];
}

function tolerationCauses(next: PodSpec, before: PodSpec): Cause[] {
  const kept = (before.tolerations ?? []).every((old) =>
    (next.tolerations ?? []).some((now) =>
      isDeepStrictEqual({ ...now, tolerationSeconds: 0 }, { ...old, tolerationSeconds: 0 }),
    ),
  );
  return kept
    ? []
    : [forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds')];
}
