import type {
  HorizontalPodAutoscaler,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
} from '../../../shared/objects/types.ts';
import { firstFew, unset } from './cells.ts';
import type { Column } from './column.ts';
import { ageColumn, column, integer, nameColumn, none, unknown } from './column.ts';

type Autoscaler = HorizontalPodAutoscaler;

export const autoscalerColumns: readonly Column[] = [
  nameColumn,
  column<Autoscaler>('Reference', 'What it scales', ({ spec }) => {
    return `${spec?.scaleTargetRef.kind ?? ''}/${spec?.scaleTargetRef.name ?? ''}`;
  }),
  column<Autoscaler>('Targets', 'What is measured, and what is wanted', targetsOf),
  column<Autoscaler>('MinPods', 'Fewest pods', ({ spec }) => String(spec?.minReplicas ?? unset)),
  column<Autoscaler>('MaxPods', 'Most pods', ({ spec }) => spec?.maxReplicas ?? 0, integer),
  column<Autoscaler>('Replicas', 'Pods there are', ({ status }) => status?.currentReplicas ?? 0, integer),
  ageColumn,
];

function targetsOf({ spec, status }: Autoscaler): string {
  const metrics = spec?.metrics ?? [];
  const shown = metrics.map((metric, at) => showMetric(metric, status?.currentMetrics?.[at]));
  return firstFew(shown, 2, ', ') || none;
}

function showMetric(metric: MetricSpec, status: MetricStatus | undefined): string {
  switch (metric.type) {
    case 'Resource':
      return showResource(metric.resource, status?.resource?.current);
    case 'ContainerResource':
      return showResource(metric.containerResource, status?.containerResource?.current);
    case 'Pods':
      return `${status?.pods?.current.averageValue ?? unknown}/${metric.pods?.target.averageValue ?? ''}`;
    case 'Object':
      return showValue(metric.object?.target, status?.object?.current);
    case 'External':
      return showValue(metric.external?.target, status?.external?.current);
    default:
      return '<unknown type>';
  }
}

function showResource(
  metric: { name: string; target: MetricTarget } | undefined,
  current: MetricValueStatus | undefined,
): string {
  const { averageValue, averageUtilization } = metric?.target ?? {};
  if (averageValue !== undefined) return `${metric?.name}: ${current?.averageValue ?? unknown}/${averageValue}`;
  const share = current?.averageUtilization === undefined ? unknown : `${current.averageUtilization}%`;
  return `${metric?.name}: ${share}/${averageUtilization === undefined ? '<auto>' : `${averageUtilization}%`}`;
}

function showValue(target: MetricTarget | undefined, current: MetricValueStatus | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? unknown}/${target.averageValue} (avg)`;
  return `${current?.value ?? unknown}/${target?.value ?? ''}`;
}
