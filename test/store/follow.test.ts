import assert from 'node:assert/strict';
import { openStore } from '../../controller/store/cached-store.ts';
import { follow } from '../../controller/store/follow.ts';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../controller/store/state-store.ts';
import type { Change, Store } from '../../controller/store/store.ts';
import { ApiError } from '../../shared/errors.ts';
import type { ConfigMap, KubeObject } from '../../shared/objects/types.ts';
import { Scope } from '../../shared/scope.ts';
import { until } from '../support/until.ts';
import { delegateTo } from '../fakes/delegating-store.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

const aMap = (name: string): KubeObject & ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
});

/** A store whose first watch is cut off after one change. */
function cutOff(store: Store): Store {
  let isFirst = true;
  const watch: Store['watch'] = async function* (options) {
    for await (const change of store.watch(options)) {
      yield change;
      if (!isFirst) continue;
      isFirst = false;
      throw new ApiError('Expired', 'too slow');
    }
  };
  return delegateTo(store, { watch });
}

describe('follow', () => {
  let state: StateStore;
  let scope: Scope;
  beforeEach(async () => {
    state = await openSqliteStore(':memory:');
    scope = new Scope('test');
  });
  afterEach(async () => {
    await scope.close();
    await state.close();
  });

  it('shows what exists, then changes, and everything again when it was cut off', async () => {
    const store = await openStore(state, new ManualClock());
    await store.create('configmaps', aMap('old'));
    const seen: string[] = [];
    const follower = {
      resources: ['configmaps'],
      reset: () => seen.push('reset'),
      apply: ({ type, key }: Change) => seen.push(`${type} ${key.name}`),
    };
    scope.spawn(
      (signal) => follow(cutOff(store), follower, signal),
      (error) => assert.fail(String(error)),
    );
    await store.create('configmaps', aMap('new'));
    await until(() => seen.length === 6);
    await store.create('configmaps', aMap('newer'));
    await until(() => seen.length === 7);
    assert.deepEqual(seen, ['reset', 'ADDED old', 'ADDED new', 'reset', 'ADDED new', 'ADDED old', 'ADDED newer']);
  });
});
