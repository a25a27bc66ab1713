import assert from 'node:assert/strict';
import type { KubeObject, PodDisruptionBudget, PodDisruptionBudgetSpec } from '../../../shared/objects/types.ts';
import { aDeployment, Cluster } from '../cluster.ts';

type BudgetObject = KubeObject & PodDisruptionBudget;

function aBudget(spec: PodDisruptionBudgetSpec): BudgetObject {
  const metadata = { name: 'web', namespace: 'default' };
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata,
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  };
}

describe('the disruption controller', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await Cluster.start();
    await cluster.store.create('deployments.apps', aDeployment({ replicas: 4 }));
    await cluster.until('the deployment is rolled out', () => cluster.isRolledOut());
  });
  afterEach(() => cluster.stop());

  const status = (): BudgetObject['status'] =>
    cluster.store.get<BudgetObject>('poddisruptionbudgets.policy', 'default', 'web')?.status;
  const allows = (wanted: number) => (): boolean => status()?.disruptionsAllowed === wanted;

  it('counts healthy pods against what their Deployment wants, and follows both', async () => {
    await cluster.store.create('poddisruptionbudgets.policy', aBudget({ maxUnavailable: '50%' }));
    await cluster.until('two may go', allows(2));
    const { currentHealthy, desiredHealthy, expectedPods, observedGeneration, conditions } = status() ?? {};
    assert.deepEqual([currentHealthy, desiredHealthy, expectedPods, observedGeneration], [4, 2, 4, 1]);
    assert.deepEqual([conditions?.[0]?.status, conditions?.[0]?.reason], ['True', 'SufficientPods']);
    await cluster.change(({ spec }) => spec && (spec.replicas = 6));
    await cluster.until('three may go', allows(3));
    const healthy = new Set(cluster.pods().map(({ metadata }) => metadata.name));
    cluster.isHealthy = ({ metadata }) => healthy.has(metadata.name); // the one in place of the deleted one is not
    const [pod] = cluster.pods();
    await cluster.delete('pods', 'default', pod?.metadata.name ?? '');
    await cluster.until('two may go', allows(2));
  });

  it('allows nothing when a pod belongs to what has no replicas, and says why', async () => {
    const [pod] = cluster.pods();
    const jobs = { apiVersion: 'batch/v1', kind: 'Job' };
    const metadata = { name: 'x', namespace: 'default' };
    const job = await cluster.store.create<KubeObject>('jobs.batch', { ...jobs, metadata });
    const owner = { ...jobs, name: 'x', uid: job.metadata.uid, controller: true };
    await cluster.store.create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'job', namespace: 'default', labels: pod?.metadata.labels, ownerReferences: [owner] },
      spec: pod?.spec,
    } as KubeObject);
    await cluster.store.create('poddisruptionbudgets.policy', aBudget({ maxUnavailable: 1 }));
    await cluster.until('the status is there', () => status()?.conditions?.[0] !== undefined);
    assert.equal(status()?.conditions?.[0]?.reason, 'SyncFailed');
    assert.equal(status()?.conditions?.[0]?.message, 'jobs.batch does not implement the scale subresource');
  });
});
