import assert from 'node:assert/strict';
import { FinishedPods } from '../../../controller/reconcile/garbage/finished-pods.ts';
import { StrandedPods } from '../../../controller/reconcile/garbage/stranded-pods.ts';
import { EventRecorder } from '../../../controller/store/event-recorder.ts';
import { silentLogger } from '../../../shared/log.ts';
import { Cluster } from '../cluster.ts';
import type { PodObject } from '../cluster.ts';

const aPodNamed = (name: string, phase: string, more: Partial<PodObject['metadata']> = {}): PodObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', ...more },
  spec: { containers: [], schedulerName: 'nobody' },
  status: { phase },
});

describe('pods nobody needs any more', () => {
  let cluster: Cluster;
  beforeEach(async () => {
    cluster = await Cluster.start();
    await cluster.controllers.close();
  });
  afterEach(() => cluster.stop());

  const names = (): string[] => cluster.pods().map(({ metadata }) => metadata.name);
  const deps = () => {
    const { store, clock } = cluster;
    const events = new EventRecorder({ store, clock, log: silentLogger });
    return { store, clock, log: silentLogger, events, random: Math.random };
  };

  it('are kept when they have ended, up to a limit, the newest', async () => {
    for (const name of ['c', 'b', 'a']) {
      await cluster.store.create('pods', aPodNamed(name, 'Failed'));
      await cluster.pass(2_000);
    }
    await cluster.store.create('pods', aPodNamed('running', 'Running'));
    await new FinishedPods(deps(), 2).reconcile();
    assert.deepEqual(names(), ['a', 'b', 'running']);
  });

  it('go when they are being deleted and were never bound', async () => {
    const held = { finalizers: ['test'], deletionTimestamp: '2026-01-01T00:00:00Z', uid: 'x' };
    await cluster.store.create('pods', aPodNamed('waiting', 'Pending'));
    await cluster.store.create('pods', aPodNamed('going', 'Pending', { ...held, deletionGracePeriodSeconds: 30 }));
    await cluster.store.modify<PodObject>('pods', 'default', 'going', (pod) => {
      return { ...pod, metadata: { ...pod.metadata, finalizers: [] } };
    });
    assert.deepEqual(names(), ['going', 'waiting']);
    await new StrandedPods(deps()).reconcile('');
    assert.deepEqual(names(), ['waiting']);
  });
});
