import assert from 'node:assert/strict';
import { evictionTime } from '../../../controller/reconcile/node-lifecycle/eviction-plan.ts';

const unreachable = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' };
const repair = { key: 'repair', value: 'disk', effect: 'NoExecute' };

describe('evictionTime', () => {
  it('gives a pod that says nothing five minutes on a lost node, and none for other taints', () => {
    assert.equal(evictionTime([{ taint: unreachable, sinceMs: 1_000 }], undefined), 301_000);
    assert.equal(evictionTime([{ taint: repair, sinceMs: 1_000 }], undefined), 1_000);
  });

  it('takes the shortest toleration that covers a taint', () => {
    const tolerations = [
      { key: 'repair', operator: 'Exists', tolerationSeconds: 60 },
      { key: 'repair', value: 'disk', tolerationSeconds: 10 },
      { key: 'repair', value: 'network', tolerationSeconds: 1 },
    ];
    assert.equal(evictionTime([{ taint: repair, sinceMs: 0 }], tolerations), 10_000);
  });

  it('never evicts a pod that tolerates everything for ever', () => {
    const taints = [unreachable, repair].map((taint) => ({ taint, sinceMs: 0 }));
    assert.equal(evictionTime(taints, [{ operator: 'Exists' }]), undefined);
  });

  it('evicts by the taint that is borne for the shortest time', () => {
    const taints = [
      { taint: unreachable, sinceMs: 0 },
      { taint: repair, sinceMs: 5_000 },
    ];
    assert.equal(evictionTime(taints, [{ key: 'repair', operator: 'Exists', tolerationSeconds: 3 }]), 8_000);
  });

  it('has no time without taints', () => {
    assert.equal(evictionTime([], undefined), undefined);
  });
});
