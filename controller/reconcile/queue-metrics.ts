import { Counter, Gauge, Histogram } from 'prom-client';
import type { Metric, Registry } from 'prom-client';

/** What one runner tells about itself. */
export interface QueueMetrics {
  added(): void;
  depth(size: number): void;
  retried(): void;
  /** How long one reconcile took. */
  worked(ms: number): void;
}

const silent: QueueMetrics = {
  added: () => undefined,
  depth: () => undefined,
  retried: () => undefined,
  worked: () => undefined,
};

/** The metrics of the queue `name`, under the names that dashboards for Kubernetes look for; silent without a registry. */
export function queueMetrics(registry: Registry | undefined, name: string): QueueMetrics {
  if (registry === undefined) return silent;
  const options = { labelNames: ['name'], registers: [registry] };
  const depth = once(registry, 'workqueue_depth', (metric) => {
    return new Gauge({ name: metric, help: 'Keys that wait to be worked on now.', ...options });
  });
  const adds = once(registry, 'workqueue_adds_total', (metric) => {
    return new Counter({ name: metric, help: 'Keys added.', ...options });
  });
  const retries = once(registry, 'workqueue_retries_total', (metric) => {
    return new Counter({ name: metric, help: 'Keys that come back after an error.', ...options });
  });
  const duration = once(registry, 'workqueue_work_duration_seconds', (metric) => {
    const buckets = [0.0001, 0.001, 0.01, 0.1, 1, 10];
    return new Histogram({ name: metric, help: 'How long working on a key took.', buckets, ...options });
  });
  depth.set({ name }, 0);
  return {
    added: () => adds.inc({ name }),
    depth: (size) => depth.set({ name }, size),
    retried: () => retries.inc({ name }),
    worked: (ms) => duration.observe({ name }, ms / 1_000),
  };
}

/** Queues share their metrics: the first one registers them. */
function once<M extends Metric>(registry: Registry, name: string, create: (name: string) => M): M {
  const existing = registry.getSingleMetric(name);
  return existing === undefined ? create(name) : (existing as M);
}
