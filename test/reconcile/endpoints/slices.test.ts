import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  maxEndpoints,
  planSlices,
  type SliceFrame,
  type SliceObject,
  type SliceStep,
} from '../../../controller/reconcile/endpoints/slices.ts';
import type { Target } from '../../../controller/reconcile/endpoints/targets.ts';

const aFrame = (): SliceFrame => {
  let serial = 0;
  const metadata = { namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } };
  return { metadata, newName: () => `web-${String(Math.random())}-${String((serial += 1))}` };
};

const aTarget = (pod: number, port = 80, ready = true): Target => ({
  endpoint: {
    addresses: [`10.0.${String(pod >> 8)}.${String(pod & 255)}`],
    conditions: { ready },
    targetRef: { kind: 'Pod', uid: String(pod) },
  },
  ports: port === 0 ? [] : [{ name: '', port, protocol: 'TCP' }],
});

function applied(steps: readonly SliceStep[], slices: readonly SliceObject[]): SliceObject[] {
  const left = new Map(slices.map((slice) => [slice.metadata.name, slice]));
  for (const step of steps) {
    if (step.do === 'delete') left.delete(step.name);
    else left.set(step.slice.metadata.name, step.slice);
  }
  return [...left.values()];
}

const targets = fc.uniqueArray(
  fc.record({ pod: fc.nat(400), port: fc.constantFrom(0, 80, 8080), ready: fc.boolean() }),
  { selector: ({ pod }) => pod, maxLength: 350 },
);

describe('plan of EndpointSlices', () => {
  it('holds every target once, in slices that are not too large, and leaves nothing to plan', () => {
    fc.assert(
      fc.property(targets, targets, (before, after) => {
        const frame = aFrame();
        const of = (all: typeof before): Target[] => all.map(({ pod, port, ready }) => aTarget(pod, port, ready));
        const first = applied(planSlices(frame, of(before), []), []);
        const slices = applied(planSlices(frame, of(after), first), first);
        const held = slices.flatMap(({ endpoints, ports }) => endpoints.map((endpoint) => ({ endpoint, ports })));
        const order = (list: readonly unknown[]): string[] => list.map((each) => JSON.stringify(each)).toSorted();
        assert.deepEqual(order(held), order(of(after)));
        assert.ok(slices.length > 0 && slices.every(({ endpoints }) => endpoints.length <= maxEndpoints));
        assert.ok(slices.length === 1 || slices.every(({ endpoints }) => endpoints.length > 0));
        assert.deepEqual(planSlices(frame, of(after), slices), []);
      }),
      { numRuns: 60 },
    );
  });

  it('changes one slice when one target changes, however many there are', () => {
    const frame = aFrame();
    const many = Array.from({ length: 1000 }, (_, pod) => aTarget(pod));
    const slices = applied(planSlices(frame, many, []), []);
    assert.equal(slices.length, 10);
    const changed = many.map((target, pod) => (pod === 555 ? aTarget(pod, 80, false) : target));
    assert.deepEqual(
      planSlices(frame, changed, slices).map((step) => step.do),
      ['update'],
    );
    const replaced = many.map((target, pod) => (pod === 555 ? aTarget(5555) : target));
    assert.deepEqual(
      planSlices(frame, replaced, slices).map((step) => step.do),
      ['update'],
    );
  });

  it('gives back labels and owners that somebody took away', () => {
    const frame = aFrame();
    const slices = applied(planSlices(frame, [aTarget(1)], []), []);
    const bare = slices.map((slice) => ({ ...slice, metadata: { ...slice.metadata, labels: {} } }));
    assert.deepEqual(applied(planSlices(frame, [aTarget(1)], bare), bare), slices);
  });
});
