import type { CronJob, Job } from '../../../shared/objects/types.ts';
import { ageOf, humanDuration } from '../../../shared/age.ts';
import { showSwitch } from './cells.ts';
import type { Column } from './column.ts';
import { ageColumn, column, integer, nameColumn, none } from './column.ts';
import { templateColumns } from './workload-columns.ts';

export const jobColumns: readonly Column[] = [
  nameColumn,
  column<Job>('Status', 'How far it is, in one word', statusOf),
  column<Job>('Completions', 'Pods that succeeded, of all that have to', completionsOf),
  column<Job>('Duration', 'How long it has run', durationOf),
  ageColumn,
  ...templateColumns<Job>(({ spec }) => spec),
];

export const cronJobColumns: readonly Column[] = [
  nameColumn,
  column<CronJob>('Schedule', 'When it starts jobs', ({ spec }) => spec?.schedule ?? ''),
  column<CronJob>('Timezone', 'Where that time is meant', ({ spec }) => spec?.timeZone ?? none),
  column<CronJob>('Suspend', 'Whether it rests', ({ spec }) => showSwitch(spec?.suspend)),
  column<CronJob>('Active', 'Jobs that run', ({ status }) => status?.active?.length ?? 0, integer),
  column<CronJob>('Last Schedule', 'Time since it started a job', ({ status }, now) => {
    return status?.lastScheduleTime === undefined ? none : ageOf(status.lastScheduleTime, now);
  }),
  ageColumn,
  ...templateColumns<CronJob>(({ spec }) => spec?.jobTemplate.spec),
];

function statusOf({ metadata, status }: Job): string {
  const holds = (wanted: string): boolean =>
    status?.conditions?.some(({ type, status: is }) => type === wanted && is === 'True') ?? false;
  if (holds('Complete')) return 'Complete';
  if (holds('Failed')) return 'Failed';
  if (metadata?.deletionTimestamp !== undefined) return 'Terminating';
  if (holds('Suspended')) return 'Suspended';
  return holds('FailureTarget') ? 'FailureTarget' : 'Running';
}

function completionsOf({ spec, status }: Job): string {
  const done = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${done}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

function durationOf({ status }: Job, now: number): string {
  const { startTime, completionTime } = status ?? {};
  if (startTime === undefined) return '';
  const end = completionTime === undefined ? now : Date.parse(completionTime);
  return humanDuration(end - Date.parse(startTime));
}
