import assert from 'node:assert/strict';
import { aDeployment, Cluster, dyingStore, setImage, undoTo } from '../cluster.ts';
import type { PodObject, ReplicaSetObject } from '../cluster.ts';

const imageOf = ({ spec }: PodObject): string | undefined => spec?.containers[0]?.image;
const revisionOf = ({ metadata }: ReplicaSetObject): string =>
  metadata.annotations?.['deployment.kubernetes.io/revision'] ?? '';

describe('a Deployment', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.start();
  });
  afterEach(() => cluster.stop());

  const uidsOfPods = (): string[] =>
    cluster
      .pods()
      .map(({ metadata }) => metadata.uid ?? '')
      .sort();
  const allRun = (image: string): boolean => cluster.readyPods().every((pod) => imageOf(pod) === image);
  const create = async (options: Parameters<typeof aDeployment>[0] = {}): Promise<void> => {
    await cluster.store.create('deployments.apps', aDeployment(options));
    await cluster.until('the first rollout', () => cluster.isRolledOut());
  };

  it('runs its pods, one on each node, and says so', async () => {
    await create();
    assert.deepEqual(
      cluster
        .pods()
        .map(({ spec }) => spec?.nodeName ?? '')
        .sort(),
      ['node-1', 'node-2', 'node-3'],
    );
    const [set] = cluster.sets();
    const name = set?.metadata.name ?? '';
    assert.match(name, /^web-[a-z0-9]+$/);
    assert.equal(set?.metadata.labels?.['pod-template-hash'], name.slice('web-'.length));
    assert.match(cluster.pods()[0]?.metadata.name ?? '', new RegExp(`^${name}-[a-z0-9]{5}$`));
    await cluster.until('the condition', () => cluster.condition('Progressing')?.reason === 'NewReplicaSetAvailable');
    assert.equal(cluster.condition('Progressing')?.message, `ReplicaSet "${name}" has successfully progressed.`);
    assert.equal(cluster.condition('Available')?.reason, 'MinimumReplicasAvailable');
    assert.equal(cluster.deployment().metadata.annotations?.['deployment.kubernetes.io/revision'], '1');
    assert.deepEqual(cluster.events('ScalingReplicaSet'), [`Scaled up replica set ${name} from 0 to 3`]);
  });

  it('makes no ReplicaSets that its selector would release again', async () => {
    const selectors = [
      { matchLabels: { app: 'other' } },
      { matchExpressions: [{ operator: 'Exists' }] },
      { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
      { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'pod-template-hash', operator: 'DoesNotExist' }] },
    ] as NonNullable<ReplicaSetObject['spec']>['selector'][];
    for (const selector of selectors) {
      await cluster.store.create('deployments.apps', aDeployment({ spec: { selector } }));
      await cluster.pass(1_000);
      assert.deepEqual(cluster.sets(), [], JSON.stringify(selector));
      const events = cluster.events('ReplicaSetCreateError');
      assert.match(events.at(-1) ?? '', /the labels of its template do not match its selector/);
      assert.ok(events.length <= selectors.length);
      await cluster.store.remove('deployments.apps', 'default', 'web');
    }
  });

  it('rolls over without ever having too many or too few pods', async () => {
    await create({
      replicas: 4,
      spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } } },
    });
    const check = cluster.always(() => {
      assert.ok(cluster.livePods().length <= 5, 'above surge');
      assert.ok(cluster.readyPods().length >= 3, 'below the least available');
    });
    await cluster.change(setImage('hello:2'));
    await cluster.until('the second rollout', () => cluster.isRolledOut());
    assert.ok(cluster.livePods().every((pod) => imageOf(pod) === 'hello:2'));
    check();
  });

  it('goes back to a former template with its ReplicaSet, under a new revision', async () => {
    await create({ annotations: { 'kubernetes.io/change-cause': 'first' } });
    const [first] = cluster.sets();
    assert.ok(first);
    await cluster.change((deployment) => {
      setImage('hello:2')(deployment);
      deployment.metadata.annotations = { ...deployment.metadata.annotations, 'kubernetes.io/change-cause': 'second' };
    });
    await cluster.until('the second rollout', () => cluster.isRolledOut());
    const causes = cluster.sets().map(({ metadata }) => metadata.annotations?.['kubernetes.io/change-cause'] ?? '');
    assert.deepEqual(causes.sort(), ['first', 'second']);
    await cluster.change(undoTo(first));
    await cluster.until('the undo', () => cluster.isRolledOut() && allRun('hello:1'));
    assert.equal(cluster.sets().length, 2);
    const again = cluster.sets().find(({ metadata }) => metadata.uid === first.metadata.uid);
    assert.ok(again);
    assert.equal(revisionOf(again), '3');
    assert.equal(again.metadata.annotations?.['deployment.kubernetes.io/revision-history'], '1');
    assert.equal(cluster.deployment().metadata.annotations?.['deployment.kubernetes.io/revision'], '3');
  });

  it('changes no pods while paused, but scales, and goes on when resumed', async () => {
    await create();
    await cluster.change((deployment) => {
      setImage('hello:2')(deployment);
      Object.assign(deployment.spec ?? {}, { paused: true, replicas: 5 });
    });
    await cluster.until('five pods', () => cluster.readyPods().length === 5);
    await cluster.pass(5_000);
    assert.ok(cluster.pods().every((pod) => imageOf(pod) === 'hello:1'));
    assert.equal(cluster.sets().length, 1);
    assert.equal(cluster.condition('Progressing')?.reason, 'DeploymentPaused');
    await cluster.change((deployment) => Object.assign(deployment.spec ?? {}, { paused: false }));
    await cluster.until('the rollout', () => cluster.isRolledOut() && allRun('hello:2'));
  });

  it('says that a rollout takes too long, keeps enough old pods, and goes on when it can', async () => {
    await create({ spec: { progressDeadlineSeconds: 20 } });
    cluster.isHealthy = (pod) => imageOf(pod) !== 'hello:bad';
    await cluster.change(setImage('hello:bad'));
    await cluster.until(
      'the deadline',
      () => cluster.condition('Progressing')?.reason === 'ProgressDeadlineExceeded',
      40_000,
    );
    assert.equal(cluster.condition('Progressing')?.status, 'False');
    assert.equal(cluster.readyPods().filter((pod) => imageOf(pod) === 'hello:1').length, 3);
    await cluster.change(setImage('hello:3'));
    await cluster.until('the repair', () => cluster.isRolledOut() && allRun('hello:3'));
    await cluster.until('the condition', () => cluster.condition('Progressing')?.status === 'True');
  });

  it('waits minReadySeconds before it counts on a pod', async () => {
    await cluster.store.create('deployments.apps', aDeployment({ replicas: 1, spec: { minReadySeconds: 10 } }));
    await cluster.until('readiness', () => cluster.deployment().status?.readyReplicas === 1);
    assert.equal(cluster.deployment().status?.availableReplicas, 0);
    assert.equal(cluster.condition('Available')?.status, 'False');
    const readyAt = cluster.clock.monotonic();
    await cluster.until('availability', () => cluster.isRolledOut());
    assert.ok(cluster.clock.monotonic() - readyAt >= 8_000);
  });

  it('stops all old pods before it starts new ones with Recreate', async () => {
    await create({ spec: { strategy: { type: 'Recreate' } } });
    const check = cluster.always(() => {
      assert.equal(new Set(cluster.pods().map(imageOf)).size <= 1, true, 'old and new pods together');
    });
    await cluster.change(setImage('hello:2'));
    await cluster.until(
      'the rollout',
      () => cluster.isRolledOut() && cluster.pods().every((pod) => imageOf(pod) === 'hello:2'),
    );
    check();
  });

  it('is not available without a pod with Recreate either', async () => {
    await cluster.stop();
    cluster = await Cluster.start(0);
    await cluster.store.create('deployments.apps', aDeployment({ spec: { strategy: { type: 'Recreate' } } }));
    await cluster.until('the condition', () => cluster.condition('Available') !== undefined);
    assert.equal(cluster.condition('Available')?.reason, 'MinimumReplicasUnavailable');
  });

  it('keeps only as many old ReplicaSets as it is told', async () => {
    await create({ replicas: 1, spec: { revisionHistoryLimit: 1 } });
    for (const image of ['hello:2', 'hello:3', 'hello:4']) {
      await cluster.change(setImage(image));
      await cluster.until(`${image} to run`, () => cluster.isRolledOut() && allRun(image));
    }
    await cluster.until('the clean-up', () => cluster.sets().length === 2);
    assert.deepEqual(cluster.sets().map(revisionOf).sort(), ['3', '4']);
  });

  it('takes another name when its ReplicaSet would have the name of a foreign one', async () => {
    await create();
    const [set] = cluster.sets();
    assert.ok(set);
    await cluster.delete('deployments.apps', 'default', 'web', { propagationPolicy: 'Orphan' });
    await cluster.until('the orphan', () => cluster.sets()[0]?.metadata.ownerReferences === undefined);
    await cluster.store.modify<ReplicaSetObject>('replicasets.apps', 'default', set.metadata.name, (fresh) => {
      return { ...fresh, metadata: { ...fresh.metadata, labels: { app: 'other' } } };
    });
    await cluster.store.create('deployments.apps', aDeployment());
    await cluster.until('a second set', () => cluster.sets().length === 2 && cluster.isRolledOut());
    assert.equal(cluster.deployment().status?.collisionCount, 1);
  });

  it('adopts an orphaned ReplicaSet with its pods', async () => {
    await create();
    const uids = uidsOfPods();
    await cluster.delete('deployments.apps', 'default', 'web', { propagationPolicy: 'Orphan' });
    await cluster.until('the orphan', () => cluster.sets()[0]?.metadata.ownerReferences === undefined);
    await cluster.store.create('deployments.apps', aDeployment());
    await cluster.until('adoption', () => cluster.isRolledOut());
    assert.deepEqual(uidsOfPods(), uids);
    assert.equal(cluster.sets().length, 1);
  });

  it('finishes a rollout within its bounds when the controllers die at any step of it', async () => {
    await cluster.stop();
    for (let writes = 0; writes < 30; writes += 3) {
      cluster = await Cluster.start();
      await create();
      await cluster.controllers.close();
      const check = cluster.always(() => {
        assert.ok(cluster.livePods().length <= 4, 'above surge');
        assert.ok(cluster.readyPods().length >= 3, 'below the least available');
      });
      const dying = cluster.scope.child('dying');
      cluster.startControllers(dying, dyingStore(cluster.store, writes));
      await cluster.change(setImage('hello:2'));
      await cluster.pass(2_000);
      await dying.close();
      cluster.startControllers(cluster.scope.child('second'));
      await cluster.until('the rollout', () => cluster.isRolledOut() && allRun('hello:2'));
      assert.equal(cluster.sets().length, 2);
      check();
      await cluster.stop();
    }
    cluster = await Cluster.start();
  });
});
