import type { ObjectMeta } from '../../../shared/objects/types.ts';

export type TargetLabels = Record<string, string>;

/** Targets with the labels of all of them, as Prometheus reads them: `http_sd_config` of its documentation. */
export interface TargetGroup {
  targets: string[];
  labels: TargetLabels;
}

const prefix = '__meta_kubernetes_';

/** Labels under the names that `kubernetes_sd_config` of Prometheus gives; those without a value are left out. */
export function meta(values: Readonly<Record<string, string | number | boolean | undefined>>): TargetLabels {
  const known = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([name, value]) => [prefix + sanitize(name), String(value)]));
}

/** What an object is called and how it is labelled and annotated. */
export function labelsOfObject(role: string, { name, namespace, labels, annotations }: ObjectMeta): TargetLabels {
  return {
    ...meta({ namespace: namespace || undefined, [`${role}_name`]: name }),
    ...each(`${role}_label`, labels),
    ...each(`${role}_annotation`, annotations),
  };
}

/** Each value, and that it is there, since an empty value and none look the same to Prometheus. */
export function each(name: string, values: Readonly<Record<string, string>> = {}): TargetLabels {
  return Object.assign(
    {},
    ...Object.entries(values).map(([key, value]) =>
      meta({ [`${name}_${key}`]: value, [`${name}present_${key}`]: true }),
    ),
  ) as TargetLabels;
}

/** `host:port`, the host in brackets when it is an IPv6 address. */
export function hostPort(host: string, port: number | string): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function sanitize(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}
