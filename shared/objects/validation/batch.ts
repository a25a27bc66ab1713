import type { Cause } from '../../errors.ts';
import { readCronSchedule } from '../cron-schedule.ts';
import { jobLabels } from '../defaults/batch.ts';
import { isDnsLabel } from '../names.ts';
import { selects } from '../selector.ts';
import type { CronJob, Job, JobSpec, PodTemplateSpec } from '../types.ts';
import { immutable, invalid, notSupported, required } from './causes.ts';
import { atLeast, domainPath } from './formats.ts';
import { jobPolicyCauses } from './job-policy.ts';
import { templateCauses } from './pod-spec.ts';
import { selectorCauses } from './selector.ts';

/** Every index is told apart in the status of its job. */
const mostIndexes = 100_000;

/** Checks a Job. */
export function jobCauses(job: Job): Cause[] {
  const { spec } = job;
  if (!spec?.template) return spec ? jobSpecCauses(spec, 'spec') : [required('spec.template')];
  return [...jobSpecCauses(spec, 'spec'), ...ownSelectorCauses(job, spec), ...hostNameCauses(job, spec)];
}

/** Pods of an indexed job are known by its name and their index. */
function hostNameCauses({ metadata }: Job, { completionMode, completions = 0 }: JobSpec): Cause[] {
  const name = metadata?.name ?? '';
  const last = `${name}-${completions - 1}`;
  if (completionMode !== 'Indexed' || completions <= 0 || name === '' || isDnsLabel(last)) return [];
  return [invalid('metadata.name', name, `will not able to create pod with invalid DNS label: ${last}`)];
}

/** The selector of a job, and the labels that go with one that was generated. */
function ownSelectorCauses({ metadata = {} }: Job, { selector, manualSelector, template }: JobSpec): Cause[] {
  if (!selector) return [required('spec.selector')];
  const causes = selectorCauses(selector, 'spec.selector');
  if (causes.length > 0) return causes;
  const labels = template.metadata?.labels ?? {};
  const isApart = hasKnownOperators(selector) && !selects(selector, labels);
  const mismatch = '`selector` does not match template `labels`';
  const apart = isApart ? [invalid('spec.template.metadata.labels', labels, mismatch)] : [];
  if (manualSelector) return apart;
  const expected = jobLabels(metadata.uid ?? '', metadata.name ?? '');
  const isGenerated = hasKnownOperators(selector) && selects(selector, expected);
  return [
    ...apart,
    ...labelCauses(labels, expected),
    ...(isGenerated ? [] : [invalid('spec.selector', selector, '`selector` not auto-generated')]),
  ];
}

function labelCauses(labels: Readonly<Record<string, string>>, expected: Readonly<Record<string, string>>): Cause[] {
  return Object.entries(expected).flatMap(([key, value]) => {
    const field = `spec.template.metadata.labels[${key}]`;
    if (labels[key] === undefined) return [required(field, `must be '${value}'`)];
    return labels[key] === value ? [] : [invalid(field, labels, `must be '${value}'`)];
  });
}

/** Other operators are refused by the schema already. */
function hasKnownOperators({ matchExpressions = [] }: NonNullable<JobSpec['selector']>): boolean {
  return matchExpressions.every(({ operator }) => ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator));
}

function jobSpecCauses(spec: JobSpec, path: string): Cause[] {
  const counts = [
    'parallelism',
    'completions',
    'backoffLimit',
    'backoffLimitPerIndex',
    'maxFailedIndexes',
    'activeDeadlineSeconds',
    'ttlSecondsAfterFinished',
  ] as const;
  return [
    ...counts.flatMap((name) => atLeast(spec[name], `${path}.${name}`, 0)),
    ...modeCauses(spec, path),
    ...jobPolicyCauses(spec, path),
    ...domainPath(spec.managedBy, `${path}.managedBy`),
    ...templateCauses(spec.template, `${path}.template`),
    ...endingCauses(spec.template, `${path}.template.spec.restartPolicy`),
  ];
}

function modeCauses(spec: JobSpec, path: string): Cause[] {
  const { completionMode, completions, parallelism = 1, backoffLimitPerIndex, maxFailedIndexes } = spec;
  const needsLimit =
    maxFailedIndexes !== undefined && backoffLimitPerIndex === undefined
      ? [required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified')]
      : [];
  if (completionMode !== 'Indexed') {
    if (backoffLimitPerIndex === undefined) return needsLimit;
    return [invalid(`${path}.backoffLimitPerIndex`, backoffLimitPerIndex, 'requires indexed completion mode')];
  }
  const detail = `must be less than or equal to ${mostIndexes} when completion mode is Indexed`;
  return [
    ...needsLimit,
    ...(completions === undefined ? [required(`${path}.completions`, 'when completion mode is Indexed')] : []),
    ...(parallelism > mostIndexes ? [invalid(`${path}.parallelism`, parallelism, detail)] : []),
  ];
}

/** The pods of a job are meant to end. */
function endingCauses(template: PodTemplateSpec | undefined, field: string): Cause[] {
  const policy = template?.spec?.restartPolicy;
  return policy === 'Always' || policy === '' ? [required(field, 'valid values: "OnFailure", "Never"')] : [];
}

/** Checks what an update makes of a job: what it does is settled, how fast it may is not. */
export function jobUpdateCauses({ spec }: Job, old: Job): Cause[] {
  const before = old.spec;
  if (!spec || !before) return [];
  const fixed = [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'successPolicy',
    'backoffLimitPerIndex',
    'managedBy',
  ] as const;
  return [
    ...(isElastic(spec, before) ? [] : immutable('spec.completions', spec.completions, before.completions)),
    ...fixed.flatMap((name) => immutable(`spec.${name}`, spec[name], before[name])),
    ...(spec.template ? immutable('spec.template', spec.template, fixedTemplate(old, spec.template)) : []),
  ];
}

/** An indexed job that runs all of its indexes at once may get more or fewer of them. */
function isElastic(spec: JobSpec, before: JobSpec): boolean {
  return spec.completionMode === 'Indexed' && spec.completions === spec.parallelism && before.completions !== undefined;
}

/** A suspended job that has not begun may still be told where its pods go. */
function waitsToStart({ spec, status }: Job): boolean {
  return spec?.suspend === true && status?.startTime === undefined;
}

/** What the template has to be: the old one, with the placement of the new one as long as that may change. */
function fixedTemplate(job: Job, template: PodTemplateSpec): PodTemplateSpec | undefined {
  const old = job.spec?.template;
  if (!old?.spec || !template.spec || !waitsToStart(job)) return old;
  const { nodeSelector, tolerations, affinity, schedulingGates } = template.spec;
  const { nodeSelector: _selector, tolerations: _tolerations, ...rest } = old.spec;
  const { affinity: _affinity, schedulingGates: _gates, ...kept } = rest;
  const placement = {
    ...(nodeSelector && { nodeSelector }),
    ...(tolerations && { tolerations }),
    ...(affinity && { affinity }),
    ...(schedulingGates && { schedulingGates }),
  };
  const metadata = template.metadata && { metadata: template.metadata };
  return { ...old, ...metadata, spec: { ...kept, ...placement } };
}

/** Names of jobs are that of their CronJob and eleven characters more. */
const longestName = 52;

/** Checks a CronJob. */
export function cronJobCauses({ metadata, spec }: CronJob): Cause[] {
  if (!spec) return [];
  const { schedule, timeZone, jobTemplate } = spec;
  const counts = ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'] as const;
  const name = metadata?.name ?? '';
  const length = `must be no more than ${longestName} characters`;
  return [
    ...(name.length > longestName ? [invalid('metadata.name', name, length)] : []),
    ...scheduleCauses(schedule, 'spec.schedule'),
    ...zoneCauses(timeZone, 'spec.timeZone'),
    ...counts.flatMap((count) => atLeast(spec[count], `spec.${count}`, 0)),
    ...(jobTemplate?.spec ? jobTemplateCauses(jobTemplate.spec, 'spec.jobTemplate.spec') : []),
  ];
}

function jobTemplateCauses(spec: JobSpec, path: string): Cause[] {
  return [
    ...jobSpecCauses(spec, path),
    ...(spec.selector ? [invalid(`${path}.selector`, spec.selector, '`selector` will be auto-generated')] : []),
    ...(spec.manualSelector ? [notSupported(`${path}.manualSelector`, true, ['nil', 'false'])] : []),
  ];
}

function scheduleCauses(schedule: string | undefined, field: string): Cause[] {
  if (!schedule) return [];
  if (/^\s*(?:TZ|CRON_TZ)=/.test(schedule)) {
    return [invalid(field, schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')];
  }
  const { problem } = readCronSchedule(schedule);
  return problem === undefined ? [] : [invalid(field, schedule, problem)];
}

function zoneCauses(zone: string | undefined, field: string): Cause[] {
  if (zone === undefined) return [];
  if (zone === '') return [invalid(field, zone, 'timeZone must be nil or non-empty string')];
  if (zone.toLowerCase() === 'local') {
    const detail = 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones';
    return [invalid(field, zone, detail)];
  }
  return isTimeZone(zone) ? [] : [invalid(field, zone, `unknown time zone ${zone}`)];
}

/** Offsets are no zones, though the runtime takes them. */
function isTimeZone(zone: string): boolean {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(zone)) return false;
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }));
  } catch {
    return false;
  }
}
