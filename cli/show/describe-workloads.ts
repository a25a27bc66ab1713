import { humanDuration } from '../../shared/age.ts';
import type {
  CronJob,
  DaemonSet,
  Deployment,
  Job,
  KubeObject,
  Pod,
  ReplicaSet,
  StatefulSet,
  Stored,
} from '../../shared/objects/types.ts';
import { ownedSets, revisionKey, revisionOf } from '../change/rollout-history.ts';
import type { Session } from '../client/session.ts';
import { formatSelector, listPods } from '../pods/pods-of.ts';
import { pairs, type Sheet, type Value } from '../print/sheet.ts';
import { describeConditions, describeTemplate, formatTime } from './describe-pod.ts';
import { controllerOf, formatPhases, listed, selectorText, type Describe } from './describing.ts';

const unset = '<unset>';

/** Kinds that make pods. */
export const workloads: Record<string, Describe> = {
  Deployment: async (session, deployment: Stored<Deployment>) => {
    const { spec, status = {} } = deployment;
    const { rollingUpdate, type } = spec?.strategy ?? {};
    const [current, old] = await describeSets(session, deployment);
    return [
      ['Selector', formatSelector(deployment)],
      [
        'Replicas',
        `${spec?.replicas ?? 1} desired | ${status.updatedReplicas ?? 0} updated | ${status.replicas ?? 0} total | ` +
          `${status.availableReplicas ?? 0} available | ${status.unavailableReplicas ?? 0} unavailable`,
      ],
      ['Paused', spec?.paused],
      ['StrategyType', type],
      ['MinReadySeconds', spec?.minReadySeconds ?? 0],
      [
        'RollingUpdateStrategy',
        rollingUpdate && `${rollingUpdate.maxUnavailable} max unavailable, ${rollingUpdate.maxSurge} max surge`,
      ],
      ['ProgressDeadlineSeconds', spec?.progressDeadlineSeconds],
      ['Pod Template', { below: describeTemplate(spec?.template ?? {}) }],
      ['Conditions', describeConditions(status.conditions)],
      ['OldReplicaSets', old],
      ['NewReplicaSet', current],
    ];
  },
  ReplicaSet: describeReplicaSet,
  ReplicationController: describeReplicaSet,
  StatefulSet: async (session, set: Stored<StatefulSet>) => {
    const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
    const claims = (set.spec?.volumeClaimTemplates ?? []).map(({ metadata, spec }): [string, Value] => [
      metadata?.name ?? '',
      {
        below: [
          ['StorageClass', spec?.storageClassName ?? ''],
          ['Labels', pairs(metadata?.labels)],
          ['Annotations', pairs(metadata?.annotations, ': ')],
          ['Capacity', spec?.resources?.requests?.['storage'] ?? '<default>'],
          ['Access Modes', `[${(spec?.accessModes ?? []).join(' ')}]`],
        ],
      },
    ]);
    return [
      ['Selector', selectorText(set.spec?.selector)],
      ['Service Name', set.spec?.serviceName],
      ['Replicas', `${set.spec?.replicas ?? 1} desired | ${set.status?.replicas ?? 0} total`],
      ['Update Strategy', type],
      ['Partition', rollingUpdate?.partition],
      ['Pods Status', formatPhases(await ownedPods(session, set))],
      ['Pod Template', { below: describeTemplate(set.spec?.template ?? {}) }],
      ['Volume Claims', { below: claims }],
    ];
  },
  DaemonSet: async (session, { spec, status, ...set }: Stored<DaemonSet>) => [
    ['Selector', selectorText(spec?.selector)],
    ['Node-Selector', listed(pairs(spec?.template.spec?.nodeSelector))],
    ['Desired Number of Nodes Scheduled', status?.desiredNumberScheduled ?? 0],
    ['Current Number of Nodes Scheduled', status?.currentNumberScheduled ?? 0],
    ['Number of Nodes Scheduled with Up-to-date Pods', status?.updatedNumberScheduled ?? 0],
    ['Number of Nodes Scheduled with Available Pods', status?.numberAvailable ?? 0],
    ['Number of Nodes Misscheduled', status?.numberMisscheduled ?? 0],
    ['Pods Status', formatPhases(await ownedPods(session, { ...set, spec } as Stored<DaemonSet>))],
    ['Pod Template', { below: describeTemplate(spec?.template ?? {}) }],
  ],
  Job: (_session, { metadata, spec, status = {}, ...job }: Stored<Job>) => {
    const { startTime, completionTime, active = 0, ready, succeeded = 0, failed = 0 } = status;
    const activeNow = ready === undefined ? `${active} Active` : `${active} Active (${ready} Ready)`;
    return [
      ['Selector', selectorText(spec?.selector)],
      ['Controlled By', controllerOf({ metadata, ...job })],
      ['Parallelism', spec?.parallelism ?? unset],
      ['Completions', spec?.completions ?? unset],
      ['Completion Mode', spec?.completionMode],
      ['Suspend', spec?.suspend ?? false],
      ['Backoff Limit', spec?.backoffLimit],
      ['TTL Seconds After Finished', spec?.ttlSecondsAfterFinished],
      ['Start Time', formatTime(startTime)],
      ['Completed At', formatTime(completionTime)],
      ['Duration', startTime && completionTime && humanDuration(Date.parse(completionTime) - Date.parse(startTime))],
      ['Active Deadline Seconds', spec?.activeDeadlineSeconds && `${spec.activeDeadlineSeconds}s`],
      ['Pods Statuses', `${activeNow} / ${succeeded} Succeeded / ${failed} Failed`],
      ['Completed Indexes', status.completedIndexes],
      ['Pod Template', { below: describeTemplate(spec?.template ?? {}) }],
      ['Conditions', status.conditions && describeConditions(status.conditions)],
    ];
  },
  CronJob: (_session, { spec, status }: Stored<CronJob>) => {
    const job = spec?.jobTemplate.spec;
    return [
      ['Schedule', spec?.schedule],
      ['Time Zone', spec?.timeZone],
      ['Concurrency Policy', spec?.concurrencyPolicy],
      ['Suspend', spec?.suspend === true ? 'True' : 'False'],
      ['Successful Job History Limit', spec?.successfulJobsHistoryLimit ?? unset],
      ['Failed Job History Limit', spec?.failedJobsHistoryLimit ?? unset],
      [
        'Starting Deadline Seconds',
        spec?.startingDeadlineSeconds === undefined ? unset : `${spec.startingDeadlineSeconds}s`,
      ],
      ['Selector', job?.selector === undefined ? unset : selectorText(job.selector)],
      ['Parallelism', job?.parallelism ?? unset],
      ['Completions', job?.completions ?? unset],
      ['Pod Template', { below: describeTemplate(job?.template ?? {}) }],
      ['Last Schedule Time', formatTime(status?.lastScheduleTime) ?? unset],
      [
        'Active Jobs',
        listed(
          status?.active?.map(({ name = '' }) => name),
          ', ',
        ),
      ],
    ];
  },
};

/** The current replica set of a deployment, and the older ones that still have pods. */
async function describeSets(session: Session, deployment: Stored<Deployment>): Promise<[string, string]> {
  const current = deployment.metadata.annotations?.[revisionKey];
  const sets = await ownedSets(session, deployment);
  const isCurrent = (set: Stored<ReplicaSet>): boolean => String(revisionOf(set)) === current;
  const show = (shown: readonly Stored<ReplicaSet>[]): string =>
    listed(
      shown.map(
        ({ metadata, spec, status }) =>
          `${metadata.name} (${status?.replicas ?? 0}/${spec?.replicas ?? 0} replicas created)`,
      ),
      ', ',
    );
  return [
    show(sets.filter(isCurrent)),
    show(sets.filter((set) => !isCurrent(set) && ((set.status?.replicas ?? 0) > 0 || (set.spec?.replicas ?? 0) > 0))),
  ];
}

async function describeReplicaSet(session: Session, set: Stored<ReplicaSet>): Promise<Sheet> {
  const own = await ownedPods(session, set);
  return [
    ['Selector', formatSelector(set)],
    ['Controlled By', controllerOf(set)],
    ['Replicas', `${set.status?.replicas ?? 0} current / ${set.spec?.replicas ?? 0} desired`],
    ['Pods Status', formatPhases(own)],
    ['Pods', own.map(({ metadata, status }) => `${metadata.name} (${status?.phase ?? 'Pending'})`)],
    ['Pod Template', { below: describeTemplate(set.spec?.template ?? {}) }],
    ['Conditions', set.status?.conditions && describeConditions(set.status.conditions)],
  ];
}

/** The pods that an object selects and controls. */
async function ownedPods(session: Session, owner: KubeObject): Promise<Stored<Pod>[]> {
  const selector = formatSelector(owner);
  const pods = selector === '' ? [] : await listPods(session, selector, owner.metadata.namespace);
  return pods.filter(({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === owner.metadata.uid));
}
