import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

export type AttemptResult = 'scheduled' | 'unschedulable' | 'error';

/** What the scheduler tells about itself, under Kubernetes' names; silent without a registry. */
export interface SchedulerMetrics {
  attempted(result: AttemptResult): void;
}

/** `pending` is asked whenever somebody looks. */
export function schedulerMetrics(
  registry: Registry | undefined,
  pending: () => { active: number; unschedulable: number },
): SchedulerMetrics {
  if (registry === undefined) return { attempted: () => undefined };
  const registers = [registry];
  const attempts = new Counter({
    name: 'scheduler_schedule_attempts_total',
    help: 'Attempts to schedule a pod, by result.',
    labelNames: ['result'],
    registers,
  });
  const gauge = new Gauge({
    name: 'scheduler_pending_pods',
    help: 'Pods that wait for a node, by queue.',
    labelNames: ['queue'],
    registers,
    collect: () => Object.entries(pending()).forEach(([queue, size]) => gauge.set({ queue }, size)),
  });
  return { attempted: (result) => attempts.inc({ result }) };
}
