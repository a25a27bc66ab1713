import assert from 'node:assert/strict';
import type { Job, KubeObject, Stored } from '../../shared/objects/types.ts';
import { needsRoot } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { Cluster } from './cluster.ts';
import { shellContainer, toolsImage } from './shell-pods.ts';

const path = '/apis/batch/v1/namespaces/default/jobs';

describe('jobs, with real containers', function () {
  this.timeout(120_000);
  let cluster: Cluster;

  before(async function () {
    needsRoot(this);
    cluster = await Cluster.create();
    await cluster.importImage(toolsImage);
    await cluster.up();
  });
  after(() => cluster?.destroy());
  afterEach(function () {
    cluster.explain(this.currentTest);
  });

  const aJob = (name: string, script: string, spec: Partial<Job['spec']> = {}): KubeObject => {
    const containers = [shellContainer(script)];
    const template = { spec: { restartPolicy: 'Never', terminationGracePeriodSeconds: 0, containers } };
    return { apiVersion: 'batch/v1', kind: 'Job', metadata: { name }, spec: { template, ...spec } } as KubeObject;
  };
  const statusOf = async (name: string): Promise<NonNullable<Job['status']>> =>
    (await cluster.client.call<Stored<Job>>('GET', `${path}/${name}`)).status ?? {};
  const wait = (condition: string, name: string): Promise<string> =>
    cluster.berth(['wait', `--for=condition=${condition}`, `job/${name}`, '--timeout=60s']);

  it('runs a pod for each index, which knows its own, and keeps their logs', async () => {
    const script = 'echo index $JOB_COMPLETION_INDEX on $(hostname)';
    await cluster.create(aJob('indexed', script, { completions: 3, parallelism: 2, completionMode: 'Indexed' }));
    assert.match(await wait('complete', 'indexed'), /condition met/);
    assert.deepEqual([(await statusOf('indexed')).completedIndexes, (await statusOf('indexed')).succeeded], ['0-2', 3]);
    const pods = await cluster.pods('job-name=indexed');
    const logs = await Promise.all(pods.map(({ metadata }) => cluster.berth(['logs', metadata.name])));
    assert.deepEqual(
      logs.toSorted(),
      ['0', '1', '2'].map((index) => `index ${index} on indexed-${index}\n`),
    );
    assert.ok(pods.every(({ metadata }) => metadata.finalizers === undefined));
    await cluster.delete(`${path}/indexed`, { propagationPolicy: 'Background' });
    await until(async () => (await cluster.pods('job-name=indexed')).length === 0, 'its pods are gone');
  });

  it('says why a job has failed', async () => {
    await cluster.create(aJob('broken', 'echo no; exit 3', { backoffLimit: 0 }));
    await wait('failed', 'broken');
    const { conditions = [], failed } = await statusOf('broken');
    assert.deepEqual(
      [conditions.at(-1)?.type, conditions.at(-1)?.reason, failed],
      ['Failed', 'BackoffLimitExceeded', 1],
    );
    assert.match(await cluster.berth(['describe', 'job', 'broken']), /BackoffLimitExceeded/);
  });

  it('counts a pod that ends while the controller is away', async () => {
    await cluster.create(aJob('away', 'sleep 2'));
    await until(async () => (await statusOf('away')).ready === 1, 'it runs');
    const pid = await cluster.kill('controller');
    await cluster.untilBack('controller', pid);
    await until(async () => (await statusOf('away').catch(() => undefined))?.succeeded === 1, 'it is counted', {
      withinMs: 60_000,
    });
    await wait('complete', 'away');
  });
});
