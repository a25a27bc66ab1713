import type { Container, KubeObject, Job } from '../../../shared/objects/types.ts';
import type { Store } from '../../store/store.ts';
import type { PodOrder } from '../pod-changes.ts';
import { podFromTemplate } from '../pod-from-template.ts';
import type { PodObject } from '../pod-state.ts';
import { indexAnnotation, indexFailuresAnnotation, trackingFinalizer } from './observe.ts';
import type { PodSlot } from './plan.ts';

export type JobObject = KubeObject & Job;

/** A pod of the Job, held by its finalizer until it is counted. One with an index is known by it in many ways. */
export function orderOf(store: Store, job: JobObject, { index, earlierFailures }: PodSlot): PodOrder {
  const { name } = job.metadata;
  const template = job.spec?.template ?? {};
  const base = index === undefined ? name : `${name}-${index}`;
  const make = (podName: string): PodObject => {
    const pod = podFromTemplate(store, job, template, podName);
    const { metadata } = pod;
    const held = { ...metadata, finalizers: [...(metadata.finalizers ?? []), trackingFinalizer] };
    if (index === undefined) return { ...pod, metadata: held };
    const annotations = {
      ...metadata.annotations,
      [indexAnnotation]: String(index),
      ...(earlierFailures !== undefined && { [indexFailuresAnnotation]: String(earlierFailures) }),
    };
    const labels = { ...metadata.labels, [indexAnnotation]: String(index) };
    return { ...pod, metadata: { ...held, annotations, labels }, spec: withIndex(pod.spec, base) };
  };
  return { base, make };
}

function withIndex(spec: PodObject['spec'], hostname: string): PodObject['spec'] {
  if (spec === undefined) return undefined;
  const fieldPath = `metadata.annotations['${indexAnnotation}']`;
  const variable = { name: 'JOB_COMPLETION_INDEX', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath } } };
  const told = (container: Container): Container =>
    (container.env ?? []).some(({ name }) => name === variable.name)
      ? container
      : { ...container, env: [...(container.env ?? []), variable] };
  const { containers, initContainers } = spec;
  return {
    ...spec,
    hostname: spec.hostname ?? hostname,
    containers: containers.map(told),
    ...(initContainers && { initContainers: initContainers.map(told) }),
  };
}
