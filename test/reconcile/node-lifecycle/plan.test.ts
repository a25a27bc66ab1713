import assert from 'node:assert/strict';
import { lifecycleTaints, unknownConditions } from '../../../controller/reconcile/node-lifecycle/plan.ts';
import type { Verdict } from '../../../controller/reconcile/node-lifecycle/silence.ts';
import type { Taint } from '../../../shared/objects/types.ts';

const mine: Taint = { key: 'mine', effect: 'NoSchedule' };
const names = (taints: readonly Taint[]): string[] =>
  taints.map(({ key, effect }) => `${key.replace('node.kubernetes.io/', '')}:${effect}`);
const taintsFor = (status: string, verdict: Verdict, before: readonly Taint[] = []): string[] =>
  names(lifecycleTaints(before, [{ type: 'Ready', status }], verdict, 0));

describe('lifecycleTaints', () => {
  it('has none on a ready node, and leaves a taint of the user', () => {
    const before = [mine, { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }];
    assert.deepEqual(taintsFor('True', 'heard', before), ['mine:NoSchedule']);
  });

  it('keeps pods off an unready node', () => {
    assert.deepEqual(taintsFor('False', 'heard'), ['not-ready:NoSchedule', 'not-ready:NoExecute']);
  });

  it('lets a silent node keep its pods until it is declared lost', () => {
    assert.deepEqual(taintsFor('Unknown', 'silent'), ['unreachable:NoSchedule']);
    assert.deepEqual(taintsFor('Unknown', 'lost'), ['unreachable:NoSchedule', 'unreachable:NoExecute']);
  });

  it('does not take back that a node is lost before it is heard', () => {
    const lost = [{ key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }];
    assert.deepEqual(taintsFor('Unknown', 'waiting', lost), ['unreachable:NoExecute', 'unreachable:NoSchedule']);
  });

  it('returns the very same taints when nothing changes', () => {
    const taints = [mine];
    assert.equal(lifecycleTaints(taints, [{ type: 'Ready', status: 'True' }], 'heard', 0), taints);
  });

  it('lets nothing new onto a node whose disk is full, until it is not', () => {
    const conditions = (full: string) => [
      { type: 'Ready', status: 'True' },
      { type: 'DiskPressure', status: full },
    ];
    const taints = lifecycleTaints([mine], conditions('True'), 'heard', 0);
    assert.deepEqual(names(taints), ['mine:NoSchedule', 'disk-pressure:NoSchedule']);
    assert.equal(lifecycleTaints(taints, conditions('True'), 'heard', 0), taints);
    assert.deepEqual(lifecycleTaints(taints, conditions('False'), 'heard', 0), [mine]);
  });
});

describe('unknownConditions', () => {
  it('makes every condition unknown, readiness above all, and only once', () => {
    const first = unknownConditions([{ type: 'DiskPressure', status: 'False' }], 0);
    assert.deepEqual(
      first.map(({ type, status }) => `${type}=${status}`),
      ['DiskPressure=Unknown', 'Ready=Unknown'],
    );
    assert.deepEqual(unknownConditions(first, 60_000), first);
  });
});
