import type { HorizontalPodAutoscaler as AutoscalerV1 } from 'kubernetes-types/autoscaling/v1.d.ts';
import { ApiError } from '../../errors.ts';
import type { HorizontalPodAutoscaler, KubeObject, MetricSpec, MetricStatus } from '../types.ts';
import { metricFromV1, metricToV1, type MetricV1 } from './metric-v1.ts';

type Stored = KubeObject & HorizontalPodAutoscaler;
type V1 = KubeObject & AutoscalerV1;
type Annotations = Record<string, string>;

/** Where autoscaling/v1 keeps what it has no fields for, as JSON. */
const keys = {
  metrics: 'autoscaling.alpha.kubernetes.io/metrics',
  behavior: 'autoscaling.alpha.kubernetes.io/behavior',
  conditions: 'autoscaling.alpha.kubernetes.io/conditions',
  currentMetrics: 'autoscaling.alpha.kubernetes.io/current-metrics',
} as const;

/** An autoscaling/v2 HorizontalPodAutoscaler as v1 has it: a CPU target is a field, all else goes into annotations. */
export function autoscalerToV1(object: KubeObject): KubeObject {
  const { spec, status, ...rest } = object as Stored;
  const cpu = (spec?.metrics ?? []).find(isCpuShare);
  const currentCpu = (status?.currentMetrics ?? []).find(isCpuShare);
  const others = (spec?.metrics ?? []).filter((metric) => metric !== cpu);
  const annotations: Annotations = {
    ...rest.metadata.annotations,
    ...kept(keys.metrics, others.map(metricToV1)),
    ...kept(keys.behavior, spec?.behavior),
    ...kept(keys.conditions, status?.conditions),
    ...kept(keys.currentMetrics, status?.currentMetrics?.map(metricToV1)),
  };
  const { metrics: _metrics, behavior: _behavior, ...ownSpec } = spec ?? {};
  const { currentMetrics: _current, conditions: _conditions, ...ownStatus } = status ?? {};
  const share = cpu?.resource?.target.averageUtilization;
  const currentShare = currentCpu?.resource?.current.averageUtilization;
  return {
    ...withAnnotations(rest, annotations),
    apiVersion: 'autoscaling/v1',
    ...(spec && { spec: { ...ownSpec, ...(share !== undefined && { targetCPUUtilizationPercentage: share }) } }),
    ...(status && {
      status: { ...ownStatus, ...(currentShare !== undefined && { currentCPUUtilizationPercentage: currentShare }) },
    }),
  } as KubeObject;
}

/** The other way round. Throws BadRequest for an annotation that cannot be read. */
export function autoscalerFromV1(object: KubeObject): KubeObject {
  const { spec, status, ...rest } = object as V1;
  const annotations = rest.metadata.annotations ?? {};
  const { targetCPUUtilizationPercentage: share, ...ownSpec } = spec ?? {};
  const { currentCPUUtilizationPercentage: currentShare, ...ownStatus } = status ?? {};
  const others = readList(annotations, keys.metrics)?.map(metricFromV1) ?? [];
  const metrics = [...(share === undefined ? [] : [cpuShare(share)]), ...others];
  const behavior = read(annotations, keys.behavior);
  const conditions = readList(annotations, keys.conditions);
  const annotated = readList(annotations, keys.currentMetrics)?.map(metricFromV1);
  const currentMetrics = annotated ?? (currentShare === undefined ? undefined : [currentCpuShare(currentShare)]);
  return {
    ...withAnnotations(rest, withoutKept(annotations)),
    apiVersion: 'autoscaling/v2',
    ...(spec && {
      spec: { ...ownSpec, ...(metrics.length > 0 && { metrics }), ...(behavior !== undefined && { behavior }) },
    }),
    ...(status && {
      status: { ...ownStatus, ...(currentMetrics && { currentMetrics }), ...(conditions && { conditions }) },
    }),
  } as KubeObject;
}

function isCpuShare({ type, resource }: MetricSpec | MetricStatus): boolean {
  if (type !== 'Resource' || resource?.name !== 'cpu') return false;
  return ('target' in resource ? resource.target : resource.current).averageUtilization !== undefined;
}

function cpuShare(averageUtilization: number): MetricSpec {
  return { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } } };
}

function currentCpuShare(averageUtilization: number): MetricStatus {
  return { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization } } };
}

function kept(key: string, value: object | undefined): Annotations {
  const isEmpty = value === undefined || (Array.isArray(value) && value.length === 0);
  return isEmpty ? {} : { [key]: JSON.stringify(value) };
}

function withoutKept(annotations: Annotations): Annotations {
  const taken: readonly string[] = Object.values(keys);
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !taken.includes(key)));
}

function withAnnotations<T extends KubeObject>(object: T, annotations: Annotations): T {
  const { annotations: _, ...metadata } = object.metadata;
  return { ...object, metadata: Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations } };
}

function read(annotations: Annotations, key: string): unknown {
  const text = annotations[key];
  if (text === undefined || text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw unreadable(key, 'it is not JSON', cause);
  }
}

function readList(annotations: Annotations, key: string): MetricV1[] | undefined {
  const value = read(annotations, key);
  if (value === undefined) return undefined;
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'object' && item !== null);
  if (!isList) throw unreadable(key, 'it is not a list of objects');
  return value as MetricV1[];
}

function unreadable(key: string, why: string, cause?: unknown): ApiError {
  return new ApiError('BadRequest', `metadata.annotations[${key}] cannot be read: ${why}`, {}, { cause });
}
