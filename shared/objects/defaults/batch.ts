import type { CronJob, Job, JobSpec } from '../types.ts';
import { defaultTemplate } from './workload.ts';

/** More tries than any job makes: what bounds them then is the limit of each index. */
const noLimit = 2 ** 31 - 1;

/** Fills in a Job. The labels by which it knows its pods come with its uid, see `identifyJob`. */
export function defaultJob(job: Job): void {
  const { spec } = job;
  if (!spec) return;
  defaultJobTemplate(spec);
  // A job that asks for neither is done with one pod; one that only bounds the pods at once is a work queue.
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : noLimit;
  spec.completionMode ||= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ||= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  copyLabels(job);
}

/** A job without labels carries those of its pods. */
function copyLabels(job: Job): void {
  const labels = job.spec?.template?.metadata?.labels ?? {};
  if (Object.keys(job.metadata?.labels ?? {}).length > 0 || Object.keys(labels).length === 0) return;
  job.metadata = { ...job.metadata, labels: { ...labels } };
}

/** Fills in a CronJob. What its jobs leave open is filled in when they are made. */
export function defaultCronJob({ spec }: CronJob): void {
  if (!spec) return;
  spec.concurrencyPolicy ||= 'Allow';
  spec.suspend ??= false;
  spec.successfulJobsHistoryLimit ??= 3;
  spec.failedJobsHistoryLimit ??= 1;
  if (spec.jobTemplate?.spec) defaultJobTemplate(spec.jobTemplate.spec);
}

function defaultJobTemplate({ template, podFailurePolicy }: JobSpec): void {
  defaultTemplate(template);
  for (const { onPodConditions } of podFailurePolicy?.rules ?? []) {
    for (const pattern of onPodConditions ?? []) pattern.status ||= 'True';
  }
}

/**
 * Gives a new job the labels by which it knows its pods, and the selector for them; one that brings its own
 * (`manualSelector`) keeps it. What the user set stays: validation tells what does not fit.
 */
export function identifyJob(job: Job): void {
  const { metadata = {}, spec } = job;
  if (!spec || spec.manualSelector || !spec.template) return;
  const { uid = '', name = '' } = metadata;
  const template = (spec.template.metadata ??= {});
  template.labels = { ...jobLabels(uid, name), ...template.labels };
  const { matchLabels, ...rest } = spec.selector ?? {};
  spec.selector = { ...rest, matchLabels: { 'batch.kubernetes.io/controller-uid': uid, ...matchLabels } };
  copyLabels(job);
}

/** The labels that every pod of a job carries, under the names of today and those of old clients. */
export function jobLabels(uid: string, name: string): Record<string, string> {
  return {
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  };
}
