import type {
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
  MetricTarget,
  MetricValueStatus,
  Stored,
} from '../../shared/objects/types.ts';
import type { Sheet, Value } from '../print/sheet.ts';
import { describeConditions } from './describe-pod.ts';

/** An autoscaler: what it measures, and what it did. */
export function describeAutoscaler(_session: unknown, { spec, status }: Stored<HorizontalPodAutoscaler>): Sheet {
  const { kind, name } = spec?.scaleTargetRef ?? {};
  const { scaleUp, scaleDown } = spec?.behavior ?? {};
  const metrics = (spec?.metrics ?? []).map((metric, index) => describeMetric(metric, status?.currentMetrics?.[index]));
  return [
    ['Reference', `${kind}/${name}`],
    ['Metrics (current / target)', { below: metrics }],
    ['Min replicas', spec?.minReplicas ?? '<unset>'],
    ['Max replicas', spec?.maxReplicas],
    [
      'Behavior',
      spec?.behavior && {
        below: [
          ['Scale Up', scaleUp && { below: describeScaling(scaleUp) }],
          ['Scale Down', scaleDown && { below: describeScaling(scaleDown) }],
        ],
      },
    ],
    [`${kind} pods`, `${status?.currentReplicas ?? 0} current / ${status?.desiredReplicas ?? 0} desired`],
    ['Conditions', status?.conditions && describeConditions(status.conditions)],
  ];
}

/** `resource cpu on pods`, with what is used of what is aimed at. */
function describeMetric(metric: MetricSpec, current: MetricStatus | undefined): [string, Value] {
  const { resource, containerResource, pods, object, external } = metric;
  const share = (target: MetricTarget): string =>
    target.type === 'Utilization' ? '  (as a percentage of request)' : '';
  const line = (label: string, target: MetricTarget, now: MetricValueStatus | undefined): [string, Value] => [
    label,
    `${formatCurrent(target, now)} / ${formatTarget(target)}`,
  ];
  if (resource) {
    return line(
      `resource ${resource.name} on pods${share(resource.target)}`,
      resource.target,
      current?.resource?.current,
    );
  }
  if (containerResource) {
    const { name, container, target } = containerResource;
    return line(
      `resource ${name} of container "${container}" on pods${share(target)}`,
      target,
      current?.containerResource?.current,
    );
  }
  if (pods) return line(`"${pods.metric.name}" on pods`, pods.target, current?.pods?.current);
  if (object) {
    const { kind, name } = object.describedObject;
    return line(`"${object.metric.name}" on ${kind}/${name}`, object.target, current?.object?.current);
  }
  return line(`"${external?.metric.name}"`, external?.target ?? { type: '' }, current?.external?.current);
}

function formatTarget({ averageUtilization, averageValue, value }: MetricTarget): string {
  return averageUtilization === undefined ? (averageValue ?? value ?? '<auto>') : `${averageUtilization}%`;
}

function formatCurrent({ averageUtilization }: MetricTarget, now: MetricValueStatus | undefined): string {
  const value = now?.averageValue ?? now?.value;
  if (averageUtilization === undefined) return value ?? '<unknown>';
  return now?.averageUtilization === undefined ? '<unknown>' : `${now.averageUtilization}% (${value})`;
}

function describeScaling({ stabilizationWindowSeconds, selectPolicy, policies = [] }: HPAScalingRules): Sheet {
  return [
    [
      'Stabilization Window',
      stabilizationWindowSeconds === undefined ? undefined : `${stabilizationWindowSeconds} seconds`,
    ],
    ['Select Policy', selectPolicy],
    [
      'Policies',
      {
        rows: policies.map(({ type, value, periodSeconds }) => [
          `- Type: ${type}`,
          `Value: ${value}`,
          `Period: ${periodSeconds} seconds`,
        ]),
      },
    ],
  ];
}
