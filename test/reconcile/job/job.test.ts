import assert from 'node:assert/strict';
import type { PodObject } from '../../../controller/reconcile/pod-state.ts';
import type { JobObject } from '../../../controller/reconcile/job/job-pod.ts';
import { trackingFinalizer } from '../../../controller/reconcile/job/observe.ts';
import { applyDefaults } from '../../../shared/objects/defaults.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import { findResource } from '../../../shared/objects/resources.ts';
import type { JobSpec } from '../../../shared/objects/types.ts';
import { Cluster } from '../cluster.ts';

const resource = 'jobs.batch';

/** A Job as the API stores it. */
function aJob(spec: Partial<JobSpec> = {}, name = 'sum'): JobObject {
  const labels = { 'batch.kubernetes.io/job-name': name };
  const template = {
    metadata: { labels },
    spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'sum:1' }] },
  };
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: 'default' },
    spec: { selector: { matchLabels: labels }, manualSelector: true, template, ...spec },
  } as JobObject;
  const info = findResource(resource);
  assert.ok(info);
  return applyDefaults(info, job) as JobObject;
}

const isFree = ({ metadata }: PodObject): boolean => metadata.finalizers === undefined;

describe('the job controller', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await Cluster.start();
  });
  afterEach(() => cluster.stop());

  const create = (spec: Partial<JobSpec> = {}): Promise<JobObject> => cluster.store.create(resource, aJob(spec));
  const job = (): JobObject => {
    const found = cluster.store.get<JobObject>(resource, 'default', 'sum');
    assert.ok(found);
    return found;
  };
  const status = (): NonNullable<JobObject['status']> => job().status ?? {};
  const running = (): PodObject[] => cluster.livePods().filter((pod) => pod.status?.phase === 'Running');
  const has = (type: string) => (): boolean => findCondition(status().conditions, type)?.status === 'True';
  const reasonOf = (type: string): string | undefined => findCondition(status().conditions, type)?.reason;
  const indexOf = (pod: PodObject): string =>
    pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? '';
  const untilRunning = (count: number): Promise<void> =>
    cluster.until(`${count} pods run`, () => running().length === count, 900_000, 500);

  async function end(pod: PodObject | undefined, exitCode: number): Promise<void> {
    assert.ok(pod);
    const terminated = { exitCode, finishedAt: new Date(cluster.clock.now()).toISOString() };
    const containerStatuses = [
      { name: 'main', state: { terminated }, ready: false, restartCount: 0, image: '', imageID: '' },
    ];
    const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
    await cluster.store.modify<PodObject>('pods', 'default', pod.metadata.name, (current) => ({
      ...current,
      status: { ...current.status, phase, containerStatuses },
    }));
  }

  it('runs as many pods at once as it may until enough have succeeded, and counts each once', async () => {
    await create({ completions: 5, parallelism: 2 });
    for (let done = 0; done < 5; done += 1) {
      await untilRunning(Math.min(2, 5 - done));
      await end(running()[0], 0);
      await cluster.until('it is counted', () => status().succeeded === done + 1);
    }
    await cluster.until('it is complete', has('Complete'));
    assert.deepEqual(
      [status().succeeded, status().failed, status().active, status().ready, status().terminating],
      [5, undefined, undefined, 0, 0],
    );
    assert.deepEqual(status().uncountedTerminatedPods, {});
    assert.ok(status().startTime && status().completionTime);
    assert.equal(reasonOf('SuccessCriteriaMet'), 'CompletionsReached');
    await cluster.until('it is announced', () => cluster.events('Completed').join() === 'Job completed');
    await cluster.until('nothing holds a pod', () => cluster.pods().every(isFree));
    assert.ok(cluster.pods().every(({ metadata }) => /^sum-[a-z0-9]{5}$/.test(metadata.name)));
  });

  it('waits longer after each failure, and gives up after the limit', async () => {
    await create({ backoffLimit: 2 });
    const waits: number[] = [];
    for (let failures = 1; failures <= 3; failures += 1) {
      await untilRunning(1);
      await end(running()[0], 1);
      const from = cluster.clock.monotonic();
      if (failures < 3) await untilRunning(1);
      waits.push(cluster.clock.monotonic() - from);
    }
    await cluster.until('it has failed', has('Failed'));
    assert.ok(waits[0]! >= 9000 && waits[0]! < 13_000 && waits[1]! >= 19_000 && waits[1]! < 24_000, String(waits));
    assert.deepEqual([reasonOf('Failed'), status().failed], ['BackoffLimitExceeded', 3]);
    const said = 'Job has reached the specified backoff limit';
    await cluster.until('it is announced', () => cluster.events('BackoffLimitExceeded').join() === said);
  });

  it('is a queue of work without a number of completions: one success, and no pod comes anew', async () => {
    const { spec, ...rest } = aJob({ parallelism: 3 });
    const { completions: _none, ...queue } = spec!;
    await cluster.store.create(resource, { ...rest, spec: queue } as JobObject);
    await untilRunning(3);
    const [first, second, third] = running();
    await end(first, 0);
    await cluster.until('one is counted', () => status().succeeded === 1);
    assert.equal(running().length, 2);
    await end(second, 1);
    await end(third, 0);
    await cluster.until('it is complete', has('Complete'));
    assert.deepEqual([status().succeeded, status().failed, cluster.pods().length], [2, 1, 3]);
  });

  it('gives each index one pod with its name, host name and variable, and one success', async () => {
    await create({ completions: 4, parallelism: 3, completionMode: 'Indexed' });
    await untilRunning(3);
    assert.deepEqual(running().map(indexOf).toSorted(), ['0', '1', '2']);
    const [zero] = running().filter((pod) => indexOf(pod) === '0');
    assert.match(zero?.metadata.name ?? '', /^sum-0-[a-z0-9]{5}$/);
    assert.equal(zero?.spec?.hostname, 'sum-0');
    assert.equal(zero?.spec?.containers[0]?.env?.[0]?.name, 'JOB_COMPLETION_INDEX');
    await end(
      running().find((pod) => indexOf(pod) === '1'),
      1,
    );
    await end(
      running().find((pod) => indexOf(pod) === '2'),
      0,
    );
    await cluster.until('3 and again 1 run', () => running().map(indexOf).toSorted().join() === '0,1,3', 60_000);
    for (const pod of running()) await end(pod, 0);
    await cluster.until('it is complete', has('Complete'));
    assert.deepEqual([status().completedIndexes, status().succeeded, status().failed], ['0-3', 4, 1]);
  });

  it('lets an index fail by itself, and says which at the end', async () => {
    await create({ completions: 3, parallelism: 3, completionMode: 'Indexed', backoffLimitPerIndex: 1 });
    await untilRunning(3);
    await end(
      running().find((pod) => indexOf(pod) === '1'),
      1,
    );
    await cluster.until(
      '1 is tried again',
      () =>
        running().some(
          (pod) =>
            indexOf(pod) === '1' && pod.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'] === '1',
        ),
      60_000,
    );
    await end(
      running().find((pod) => indexOf(pod) === '1'),
      1,
    );
    await cluster.until('1 has failed', () => status().failedIndexes === '1');
    for (const pod of running()) await end(pod, 0);
    await cluster.until('it is over', has('Failed'));
    assert.deepEqual([reasonOf('Failed'), status().completedIndexes, status().failed], ['FailedIndexes', '0,2', 2]);
    await cluster.until('nothing holds a pod', () => cluster.pods().every(isFree));
  });

  it('fails, ignores or counts a failure as its policy says', async () => {
    const rules = [
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { containerName: 'main', operator: 'In', values: [42] } },
    ];
    await create({ completions: 2, parallelism: 2, backoffLimit: 0, podFailurePolicy: { rules } });
    await untilRunning(2);
    const [disrupted] = running();
    await cluster.store.modify<PodObject>('pods', 'default', disrupted?.metadata.name ?? '', (pod) => ({
      ...pod,
      status: { ...pod.status, conditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    }));
    await end(disrupted, 137);
    await untilRunning(2);
    assert.equal(status().failed, undefined);
    await end(running()[0], 42);
    await cluster.until('it has failed', has('Failed'));
    assert.equal(reasonOf('Failed'), 'PodFailurePolicy');
    const { message } = findCondition(status().conditions, 'Failed') ?? {};
    assert.match(
      message ?? '',
      /^Container main for pod default\/sum-\w+ failed with exit code 42 matching FailJob rule at index 1$/,
    );
    assert.equal(cluster.livePods().filter((pod) => pod.status?.phase === 'Running').length, 0);
  });

  it('is complete when its success policy is met, and ends what still runs', async () => {
    const successPolicy = { rules: [{ succeededIndexes: '0' }] };
    await create({ completions: 3, parallelism: 3, completionMode: 'Indexed', successPolicy });
    await untilRunning(3);
    await end(
      running().find((pod) => indexOf(pod) === '0'),
      0,
    );
    await cluster.until('it is complete', has('Complete'));
    assert.deepEqual([reasonOf('Complete'), status().failed, running().length], ['SuccessPolicy', undefined, 0]);
  });

  it('stops when it is suspended, and begins anew when it is resumed', async () => {
    await create({ completions: 2, parallelism: 2 });
    await untilRunning(2);
    const suspend = (suspended: boolean): Promise<unknown> =>
      cluster.store.modify<JobObject>(resource, 'default', 'sum', (current) => ({
        ...current,
        spec: { ...current.spec!, suspend: suspended },
      }));
    await suspend(true);
    await cluster.until('no pod is left', () => cluster.pods().length === 0 && has('Suspended')());
    assert.deepEqual([status().startTime, status().failed, status().active], [undefined, undefined, undefined]);
    await suspend(false);
    await untilRunning(2);
    assert.equal(reasonOf('Suspended'), 'JobResumed');
    await cluster.until('it is announced', () => cluster.events('Resumed').join() === 'Job resumed');
    assert.deepEqual(cluster.events('Suspended'), ['Job suspended']);
  });

  it('is over at its deadline, and goes when its time to live is over', async () => {
    await create({ activeDeadlineSeconds: 30, ttlSecondsAfterFinished: 60 });
    await untilRunning(1);
    await cluster.until('it has failed', has('Failed'), 60_000, 500);
    assert.deepEqual([reasonOf('Failed'), running().length], ['DeadlineExceeded', 0]);
    const gone = (): boolean => cluster.store.get(resource, 'default', 'sum') === undefined;
    await cluster.pass(50_000);
    assert.ok(!gone());
    await cluster.until('it is gone', gone, 60_000, 500);
    await cluster.until('so are its pods', () => cluster.pods().length === 0);
  });

  it('has fewer and more pods as its parallelism changes, and none while another controller has it', async () => {
    await create({ completions: 9, parallelism: 3 });
    await untilRunning(3);
    const atOnce = (parallelism: number): Promise<unknown> =>
      cluster.store.modify<JobObject>(resource, 'default', 'sum', (current) => ({
        ...current,
        spec: { ...current.spec!, parallelism },
      }));
    await atOnce(1);
    await untilRunning(1);
    await atOnce(2);
    await untilRunning(2);
    await cluster.store.create(resource, aJob({ managedBy: 'example.com/other' }, 'foreign'));
    await cluster.pass(2000);
    assert.ok(cluster.pods().every(({ metadata }) => metadata.name.startsWith('sum-')));
  });

  it('lets go of pods whose Job is gone, whoever was to count them', async () => {
    await create({});
    await untilRunning(1);
    await cluster.delete(resource, 'default', 'sum', { propagationPolicy: 'Orphan' });
    await cluster.until('the Job is gone', () => cluster.store.get(resource, 'default', 'sum') === undefined);
    await cluster.until('nothing holds the pod', () => cluster.pods().every(isFree));
    assert.equal(running().length, 1);
  });

  it('counts each pod once, however often its controller is started anew', async () => {
    await create({ completions: 6, parallelism: 3, backoffLimit: 100 });
    const untrack = cluster.always(({ key, object }) => {
      if (key.resource !== 'pods' || object.metadata.finalizers?.includes(trackingFinalizer)) return;
      const { uncountedTerminatedPods: waiting, succeeded = 0, failed = 0 } = status();
      assert.ok(waiting?.succeeded || waiting?.failed || succeeded + failed > 0, 'a pod went uncounted');
    });
    let ended = 0;
    while (!has('Complete')()) {
      await cluster.until('a pod runs or it is over', () => running().length > 0 || has('Complete')(), 900_000, 500);
      const [pod] = running();
      if (pod !== undefined) await end(pod, (ended += 1) % 4 === 0 ? 1 : 0);
      const again = cluster.scope.child(`controllers ${ended}`);
      cluster.startControllers(again); // a second set that acts at the same time
      await cluster.pass(500);
      await again.close();
    }
    untrack();
    const phases = (phase: string): number => cluster.pods().filter((pod) => pod.status?.phase === phase).length;
    assert.deepEqual([status().succeeded, status().failed ?? 0], [phases('Succeeded'), phases('Failed')]);
    assert.ok(status().succeeded! >= 6);
  });
});
