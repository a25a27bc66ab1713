import type {
  KubeObject,
  LimitRange,
  Namespace,
  PodDisruptionBudget,
  PriorityClass,
  ResourceQuota,
  Stored,
} from '../../shared/objects/types.ts';
import type { Sheet, Value } from '../print/sheet.ts';
import { describeAutoscaler } from './describe-autoscaler.ts';
import { describeConditions } from './describe-pod.ts';
import { related, selectorText, type Describe } from './describing.ts';

/** Kinds about how much of something there may be. */
export const limits: Record<string, Describe> = {
  Namespace: async (session, { metadata, status }: Stored<Namespace>) => {
    const quotas = await related<ResourceQuota>(session, ['v1', 'ResourceQuota'], metadata.name);
    const ranges = await related<LimitRange>(session, ['v1', 'LimitRange'], metadata.name);
    const sheets = quotas.map((quota): [string, Value] => [quota.metadata.name, { below: describeQuota(quota) }]);
    return [
      ['Status', status?.phase],
      ['Conditions', status?.conditions && describeConditions(status.conditions)],
      ['Resource Quotas', { below: sheets }],
      ['Resource Limits', { rows: ranges.length === 0 ? [] : limitRows(ranges) }],
    ];
  },
  ResourceQuota: (_session, quota: Stored<ResourceQuota>) => describeQuota(quota),
  LimitRange: (_session, range: Stored<LimitRange>) => [['Limits', { rows: limitRows([range]) }]],
  PodDisruptionBudget: (_session, { spec, status }: Stored<PodDisruptionBudget>) => [
    ['Min available', spec?.minAvailable],
    ['Max unavailable', spec?.maxUnavailable],
    ['Selector', selectorText(spec?.selector)],
    [
      'Status',
      {
        below: [
          ['Allowed disruptions', status?.disruptionsAllowed ?? 0],
          ['Current', status?.currentHealthy ?? 0],
          ['Desired', status?.desiredHealthy ?? 0],
          ['Total', status?.expectedPods ?? 0],
        ],
      },
    ],
  ],
  HorizontalPodAutoscaler: describeAutoscaler,
  PriorityClass: (_session, { value, globalDefault, preemptionPolicy, description }: Stored<PriorityClass>) => [
    ['Value', value],
    ['GlobalDefault', globalDefault ?? false],
    ['PreemptionPolicy', preemptionPolicy],
    ['Description', description ?? ''],
  ],
};

function describeQuota({ spec, status }: KubeObject & Pick<ResourceQuota, 'spec' | 'status'>): Sheet {
  const hard = status?.hard ?? spec?.hard ?? {};
  const rows = Object.entries(hard)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, most]) => [name, status?.used?.[name] ?? '0', most]);
  return [
    ['Scopes', spec?.scopes?.join(', ')],
    ['Quota', { rows: [['RESOURCE', 'USED', 'HARD'], ...rows] }],
  ];
}

function limitRows(ranges: readonly Stored<LimitRange>[]): string[][] {
  const items = ranges.flatMap(({ spec }) => spec?.limits ?? []);
  const rows = items.flatMap(({ type, min, max, defaultRequest, default: standard, maxLimitRequestRatio }) => {
    const maps = [min, max, defaultRequest, standard, maxLimitRequestRatio];
    const names = new Set(maps.flatMap((map) => Object.keys(map ?? {})));
    return [...names].map((name) => [type, name, ...maps.map((map) => map?.[name] ?? '-')]);
  });
  return [['TYPE', 'RESOURCE', 'MIN', 'MAX', 'DEFAULT REQUEST', 'DEFAULT LIMIT', 'MAX LIMIT/REQUEST RATIO'], ...rows];
}
