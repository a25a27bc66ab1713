import type { MetricSpec, MetricStatus } from '../types.ts';

/**
 * A metric as the annotations of autoscaling/v1 write it: the value beside the metric's name, in a field whose name
 * says what kind of value it is. `target…` in what is wanted, `current…` in what is measured.
 */
export interface MetricV1 {
  type?: string;
  [source: string]: unknown;
}

type Fields = Record<string, unknown>;

/** The one field of a metric that its type names. */
const sources: Readonly<Record<string, string>> = {
  Resource: 'resource',
  ContainerResource: 'containerResource',
  Pods: 'pods',
  Object: 'object',
  External: 'external',
};

/** Names of a value in v2, and of the same in v1 after `target` or `current`. */
const values = [
  ['averageUtilization', 'AverageUtilization'],
  ['averageValue', 'AverageValue'],
  ['value', 'Value'],
] as const;

/** An autoscaling/v2 metric, wanted or measured, for an annotation of v1. */
export function metricToV1(metric: MetricSpec | MetricStatus): MetricV1 {
  const source = sources[metric.type];
  const content = source === undefined ? undefined : fieldsOf((metric as unknown as Fields)[source]);
  if (source === undefined || content === undefined) return { type: metric.type };
  const { metric: named, target, current, describedObject, ...rest } = content;
  const { name, selector } = fieldsOf(named) ?? {};
  const prefix = current === undefined ? 'target' : 'current';
  const measured = fieldsOf(current ?? target) ?? {};
  const known = values.flatMap(([v2, v1]): [string, unknown][] => {
    return measured[v2] === undefined ? [] : [[valueName(source, prefix, v1), measured[v2]]];
  });
  const fields = {
    ...rest,
    ...(describedObject !== undefined && { target: describedObject }),
    ...(name !== undefined && { metricName: name }),
    ...(selector !== undefined && { [selectorName(source)]: selector }),
    ...Object.fromEntries(known),
  };
  return { type: metric.type, [source]: fields };
}

/** The other way round. What has an unknown type stays as it is, for validation to refuse. */
export function metricFromV1(metric: MetricV1): MetricSpec & MetricStatus {
  const source = sources[metric.type ?? ''];
  const content = source === undefined ? undefined : fieldsOf(metric[source]);
  if (source === undefined || content === undefined) return { type: metric.type } as MetricSpec & MetricStatus;
  const result: Fields = {};
  for (const prefix of ['target', 'current'] as const) {
    const found = values.flatMap(([v2, v1]): [string, unknown][] => {
      const value = content[valueName(source, prefix, v1)];
      return value === undefined ? [] : [[v2, value]];
    });
    if (found.length > 0) result[prefix] = withType(prefix, Object.fromEntries(found));
  }
  for (const name of ['name', 'container']) if (content[name] !== undefined) result[name] = content[name];
  if (content['metricName'] !== undefined) result['metric'] = metricOf(source, content);
  if (source === 'object' && content['target'] !== undefined) result['describedObject'] = content['target'];
  return { type: metric.type, [source]: result } as unknown as MetricSpec & MetricStatus;
}

/** Object metrics have their average without a prefix, since `target` is the object there. */
function valueName(source: string, prefix: 'target' | 'current', value: string): string {
  return source === 'object' && value === 'AverageValue' ? 'averageValue' : prefix + value;
}

function selectorName(source: string): string {
  return source === 'external' ? 'metricSelector' : 'selector';
}

function metricOf(source: string, content: Fields): Fields {
  const selector = content[selectorName(source)];
  return { name: content['metricName'], ...(selector !== undefined && { selector }) };
}

function withType(prefix: 'target' | 'current', value: Fields): Fields {
  if (prefix === 'current') return value;
  if (value['averageUtilization'] !== undefined) return { type: 'Utilization', ...value };
  return { type: value['averageValue'] === undefined ? 'Value' : 'AverageValue', ...value };
}

function fieldsOf(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null ? (value as Fields) : undefined;
}
