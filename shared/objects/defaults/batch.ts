import type { CronJob, Job, JobSpec } from '../types.ts';
import { defaultTemplate } from './workload.ts';

/** Fills in a Job. */
export function defaultJob({ spec }: Job): void {
  if (!spec) return;
  defaultJobSpec(spec);
  // A job that asks for neither is done with one pod; one that only bounds the pods at once is a work queue.
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= 6;
  spec.completionMode ||= 'NonIndexed';
  spec.suspend ??= false;
}

/** Fills in a CronJob. What its jobs leave open is filled in when they are made. */
export function defaultCronJob({ spec }: CronJob): void {
  if (!spec) return;
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  if (spec.jobTemplate?.spec) defaultJobSpec(spec.jobTemplate.spec);
}

function defaultJobSpec({ template }: JobSpec): void {
  defaultTemplate(template);
}
