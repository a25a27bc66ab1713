import assert from 'node:assert/strict';
import type { DaemonSetObject } from '../../../controller/reconcile/daemonset/daemon-pod.ts';
import type { RevisionObject } from '../../../controller/reconcile/daemonset/revisions.ts';
import type { NodeObject } from '../../../controller/reconcile/node-state.ts';
import { applyDefaults } from '../../../shared/objects/defaults.ts';
import { findResource } from '../../../shared/objects/resources.ts';
import type { DaemonSet } from '../../../shared/objects/types.ts';
import { aNode } from '../../objects.ts';
import { Cluster, type PodObject } from '../cluster.ts';

const resource = 'daemonsets.apps';
type Spec = NonNullable<DaemonSet['spec']>;

/** A DaemonSet as the API stores it. */
function aDaemonSet(spec: Partial<Spec> = {}): DaemonSetObject {
  const labels = { app: 'log' };
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'log:1' }] } };
  const info = findResource(resource);
  assert.ok(info);
  const set = {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'log', namespace: 'default' },
    spec: { selector: { matchLabels: labels }, template, ...spec },
  };
  return applyDefaults(info, set as DaemonSetObject) as DaemonSetObject;
}

describe('the daemonset controller', function () {
  this.timeout(30_000);
  let cluster: Cluster;

  beforeEach(async () => {
    cluster = await Cluster.start(3);
  });
  afterEach(() => cluster.stop());

  const create = (spec: Partial<Spec> = {}): Promise<unknown> => cluster.store.create(resource, aDaemonSet(spec));
  const set = (): DaemonSetObject => {
    const found = cluster.store.get<DaemonSetObject>(resource, 'default', 'log');
    assert.ok(found);
    return found;
  };
  const status = (): NonNullable<DaemonSetObject['status']> | undefined => set().status;
  const revisions = (): readonly RevisionObject[] =>
    cluster.store.list<RevisionObject>('controllerrevisions.apps').items.toSorted((a, b) => a.revision - b.revision);
  const imageOf = ({ spec }: PodObject): string => spec?.containers[0]?.image ?? '';
  const nodesOf = (pods: readonly PodObject[]): string =>
    pods
      .map(({ spec }) => spec?.nodeName ?? '')
      .toSorted((a, b) => a.localeCompare(b))
      .join();
  const change = (edit: (spec: Spec) => void): Promise<unknown> =>
    cluster.store.modify<DaemonSetObject>(resource, 'default', 'log', (object) => {
      const copy = structuredClone(object);
      assert.ok(copy.spec);
      edit(copy.spec);
      return copy;
    });
  const setImage = (image: string): Promise<unknown> =>
    change(({ template }) => template.spec?.containers.forEach((container) => (container.image = image)));
  const changeNode = (name: string, edit: (spec: NonNullable<NodeObject['spec']>) => object): Promise<unknown> =>
    cluster.store.modify<NodeObject>('nodes', '', name, (node) => ({
      ...node,
      spec: { ...node.spec, ...edit(node.spec ?? {}) },
    }));
  const untilOut = (nodes = 3): Promise<void> =>
    cluster.until(`it is out on ${nodes} nodes`, () => {
      const { observedGeneration, updatedNumberScheduled, numberAvailable } = status() ?? {};
      const isSeen = observedGeneration === set().metadata.generation;
      const bound = cluster.pods().filter(({ spec }) => spec?.nodeName).length;
      return (
        isSeen && [updatedNumberScheduled, numberAvailable, bound, cluster.pods().length].every((n) => n === nodes)
      );
    });

  it('runs one pod on every node, cordoned ones and new ones too, bound by the scheduler', async () => {
    await changeNode('node-2', () => ({ unschedulable: true }));
    await create();
    await untilOut();
    await cluster.store.create('nodes', aNode({ name: 'node-4' }));
    await untilOut(4);
    assert.equal(nodesOf(cluster.pods()), 'node-1,node-2,node-3,node-4');
    assert.deepEqual(status(), {
      currentNumberScheduled: 4,
      desiredNumberScheduled: 4,
      numberMisscheduled: 0,
      numberReady: 4,
      updatedNumberScheduled: 4,
      numberAvailable: 4,
      numberUnavailable: 0,
      observedGeneration: 1,
    });
    const [pod] = cluster.pods();
    const labels = pod?.metadata.labels ?? {};
    assert.equal(labels['controller-revision-hash'], revisions()[0]?.metadata.labels?.['controller-revision-hash']);
    assert.equal(labels['pod-template-generation'], '1');
    await cluster.until('it is announced', () => cluster.events('SuccessfulCreate').length === 4);
  });

  it('leaves out nodes whose taints or labels do not suit, and ends pods where they no longer do', async () => {
    const taint = (effect: string) => () => ({ taints: [{ key: 'own', effect }] });
    await changeNode('node-1', taint('NoSchedule'));
    await create();
    await untilOut(2);
    await changeNode('node-2', taint('NoSchedule'));
    await cluster.until('a pod is where none should be', () => status()?.numberMisscheduled === 1);
    assert.equal(status()?.desiredNumberScheduled, 1);
    await change(
      ({ template }) => (template.spec = { containers: [], ...template.spec, nodeSelector: { disk: 'ssd' } }),
    );
    await cluster.until('no node suits', () => cluster.pods().length === 0);
    assert.equal(status()?.desiredNumberScheduled, 0);
  });

  it('makes a pod that is deleted or has failed again, later each time it fails', async () => {
    await create();
    await untilOut();
    const [first] = cluster.pods();
    await cluster.delete('pods', 'default', first?.metadata.name ?? '');
    await cluster.until('it is gone', () =>
      cluster.pods().every(({ metadata }) => metadata.uid !== first?.metadata.uid),
    );
    await untilOut();
    const fail = async (): Promise<number> => {
      const pod = cluster.pods().find(({ spec }) => spec?.nodeName === 'node-1');
      const start = cluster.clock.now();
      const end = (object: PodObject): PodObject => ({ ...object, status: { ...object.status, phase: 'Failed' } });
      await cluster.store.modify<PodObject>('pods', 'default', pod?.metadata.name ?? '', end);
      await cluster.until('it is replaced', () =>
        cluster.pods().every(({ metadata }) => metadata.uid !== pod?.metadata.uid),
      );
      await untilOut();
      return cluster.clock.now() - start;
    };
    for (let failure = 0; failure < 3; failure += 1) await fail();
    assert.ok((await fail()) >= 2_000);
    await cluster.until('it is announced', () => cluster.events('FailedDaemonPod').length === 4);
  });

  for (const selector of [
    { matchLabels: { app: 'other' } },
    { matchLabels: { app: 'log' }, matchExpressions: [{ key: 'controller-revision-hash', operator: 'DoesNotExist' }] },
    { matchLabels: { app: 'log' }, matchExpressions: [{ key: 'pod-template-generation', operator: 'DoesNotExist' }] },
  ]) {
    it(`makes no pods that its selector would release again: ${JSON.stringify(selector)}`, async () => {
      await create({ selector });
      await cluster.until('it is announced', () => cluster.events('FailedCreate').length === 1);
      await cluster.pass(60_000);
      assert.deepEqual([cluster.pods(), revisions(), cluster.events('FailedCreate').length], [[], [], 1]);
    });
  }

  it('makes nothing for a lost node, and one pod again when it is back', async () => {
    await create();
    await untilOut();
    cluster.silence('node-3');
    await cluster.until('it is not counted', () => status()?.desiredNumberScheduled === 2);
    await cluster.pass(400_000);
    assert.equal(cluster.pods().filter(({ spec }) => spec?.nodeName === 'node-3').length, 1);
    assert.equal(cluster.pods().length, 3);
    await cluster.revive(['node-3']);
    await untilOut();
  });

  it('rolls a change out node by node, numbers it, and goes back under a new number', async () => {
    await create();
    await untilOut();
    const check = cluster.always(() => {
      const nodes = cluster.pods().map(({ spec }) => spec?.affinity?.nodeAffinity);
      assert.equal(new Set(nodes.map((each) => JSON.stringify(each))).size, nodes.length, 'two on a node');
      assert.ok(cluster.readyPods().length >= 2, 'more than one is away');
    });
    await setImage('log:2');
    await untilOut();
    assert.ok(cluster.pods().every((pod) => imageOf(pod) === 'log:2'));
    const [first] = revisions();
    const data = first?.data as { spec?: { template?: Spec['template'] & { $patch?: string } } } | undefined;
    const { $patch, ...template } = data?.spec?.template ?? {};
    assert.equal($patch, 'replace');
    await change((spec) => (spec.template = template));
    await untilOut();
    check();
    assert.ok(cluster.pods().every((pod) => imageOf(pod) === 'log:1'));
    assert.deepEqual(
      revisions().map(({ revision }) => revision),
      [2, 3],
    );
  });

  it('surges: the old pod stays until the new one is available', async () => {
    await create({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    await untilOut();
    const check = cluster.always(() => {
      assert.ok(cluster.readyPods().length >= 3, 'a node has no ready pod');
      assert.ok(cluster.livePods().length <= 4, 'more than one is too many');
    });
    await setImage('log:2');
    await untilOut();
    check();
    assert.ok(cluster.pods().every((pod) => imageOf(pod) === 'log:2'));
  });

  it('waits with OnDelete until somebody deletes a pod, and keeps no more revisions than it may', async () => {
    await create({ updateStrategy: { type: 'OnDelete' }, revisionHistoryLimit: 1 });
    await untilOut();
    for (const image of ['log:2', 'log:3', 'log:4']) {
      await setImage(image);
      await cluster.pass(2_000);
    }
    assert.ok(cluster.pods().every((pod) => imageOf(pod) === 'log:1'));
    assert.equal(status()?.updatedNumberScheduled, 0);
    // The one that runs, and the one that is wanted.
    await cluster.until('old revisions are gone', () => revisions().length === 2);
    for (const { metadata } of cluster.pods()) await cluster.delete('pods', 'default', metadata.name);
    await untilOut();
    assert.ok(cluster.pods().every((pod) => imageOf(pod) === 'log:4'));
  });

  it('takes another hash when the name of its revision is taken', async () => {
    await create();
    await untilOut();
    const [mine] = revisions();
    assert.ok(mine);
    await cluster.delete(resource, 'default', 'log');
    await cluster.until('all is gone', () => cluster.pods().length + revisions().length === 0);
    const { name, namespace } = mine.metadata;
    const stranger = { apiVersion: 'apps/v1', kind: 'ControllerRevision', metadata: { name, namespace }, revision: 1 };
    await cluster.store.create('controllerrevisions.apps', stranger);
    await create();
    await untilOut();
    assert.equal(status()?.collisionCount, 1);
  });
});
