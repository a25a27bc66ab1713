import { isDeepStrictEqual } from 'node:util';
import type { Cause } from '../../errors.ts';
import { qosClassOf } from '../pod-requests.ts';
import type { Container, Pod, PodSpec } from '../types.ts';
import { forbidden, invalid } from './causes.ts';
import { podSpecCauses } from './pod-spec.ts';

/** Checks a write to `pods/resize`: cpu and memory of containers that keep running may change, and nothing else. */
export function resizeCauses({ spec: next }: Pod, { spec: before }: Pod): Cause[] {
  if (!next || !before) return [];
  const { resources } = before as { resources?: unknown };
  if (resources !== undefined) return [forbidden('', 'pods with pod-level resources cannot be resized')];
  const qosClass = qosClassOf(before);
  const isOtherClass = qosClass !== qosClassOf(next);
  return [
    ...podSpecCauses(next, 'spec'),
    ...(isOtherClass ? [invalid('spec', qosClass, 'Pod QOS Class may not change as a result of resizing')] : []),
    ...eachPair(before, next, 'initContainers', initCauses),
    ...eachPair(before, next, 'containers', (old, now, path) => [
      ...removedCauses(old, now, path),
      ...otherCauses(old, now, 'only cpu and memory resources are mutable'),
    ]),
  ];
}

type Check = (old: Container, now: Container, path: string) => Cause[];

function eachPair(before: PodSpec, next: PodSpec, list: 'containers' | 'initContainers', check: Check): Cause[] {
  return (before[list] ?? []).flatMap((old, index) => {
    const now = next[list]?.[index];
    return now === undefined ? [] : check(old, now, `spec.${list}[${index}]`);
  });
}

function initCauses(old: Container, now: Container, path: string): Cause[] {
  if (old.restartPolicy === 'Always') {
    const refusal = 'only cpu and memory resources for sidecar containers are mutable';
    return [...removedCauses(old, now, path), ...otherCauses(old, now, refusal)];
  }
  return isDeepStrictEqual(now, old)
    ? []
    : [forbidden('spec', 'resources for non-sidecar init containers are immutable')];
}

function removedCauses({ resources: old }: Container, { resources: now }: Container, path: string): Cause[] {
  return (['requests', 'limits'] as const).flatMap((kind) => {
    const isRemoved = Object.keys(old?.[kind] ?? {}).some((name) => now?.[kind]?.[name] === undefined);
    return isRemoved ? [forbidden(`${path}.resources.${kind}`, `resource ${kind} cannot be removed`)] : [];
  });
}

function otherCauses(old: Container, now: Container, refusal: string): Cause[] {
  return isDeepStrictEqual(fixedPart(now), fixedPart(old)) ? [] : [forbidden('spec', refusal)];
}

/** The container without its cpu and memory. */
function fixedPart({ resources = {}, ...rest }: Container): unknown {
  const others = (amounts: Record<string, string> = {}): Record<string, string> => {
    const { cpu: _cpu, memory: _memory, ...left } = amounts;
    return left;
  };
  const { requests, limits, ...fixed } = resources;
  return { ...rest, resources: { ...fixed, requests: others(requests), limits: others(limits) } };
}
