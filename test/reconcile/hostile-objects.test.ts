import assert from 'node:assert/strict';
import fc from 'fast-check';
import { planRollout } from '../../controller/reconcile/deployment/plan.ts';
import { startReconcilers } from '../../controller/reconcile/start.ts';
import { Scheduler } from '../../controller/scheduler/scheduler.ts';
import { EventRecorder } from '../../controller/store/event-recorder.ts';
import type { Store } from '../../controller/store/store.ts';
import { silentLogger, type Logger } from '../../shared/log.ts';
import { findKind, resourceName } from '../../shared/objects/resources.ts';
import { knownType, typeNameOf } from '../../shared/objects/schema-table.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { delegateTo } from '../fakes/delegating-store.ts';
import { anyOfType } from '../objects/schema-arbitrary.ts';
import { aDeployment, Cluster } from './cluster.ts';

/** What reconcilers read. */
const kinds = [
  ['apps/v1', 'Deployment'],
  ['apps/v1', 'ReplicaSet'],
  ['v1', 'ReplicationController'],
  ['apps/v1', 'DaemonSet'],
  ['apps/v1', 'ControllerRevision'],
  ['batch/v1', 'Job'],
  ['v1', 'Pod'],
  ['v1', 'Node'],
  ['v1', 'Namespace'],
  ['v1', 'ServiceAccount'],
  ['v1', 'Secret'],
  ['v1', 'ConfigMap'],
  ['v1', 'Service'],
  ['v1', 'Endpoints'],
  ['discovery.k8s.io/v1', 'EndpointSlice'],
  ['policy/v1', 'PodDisruptionBudget'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
  ['coordination.k8s.io/v1', 'Lease'],
] as const;

/** What no field is meant to hold. */
const poison = fc.constantFrom<unknown>(
  null,
  {},
  [],
  [null],
  '',
  'x'.repeat(100_000),
  -1,
  2 ** 31,
  2 ** 53,
  1e300,
  '1e300',
  '2026-13-45T99:99:99Z',
  Array.from({ length: 5_000 }, (_, at) => ({ name: `${at}`, key: `${at}`, uid: `${at}` })),
);

const hostileObjects = fc.constantFrom(...kinds).chain(([apiVersion, kind]) => {
  const info = findKind(apiVersion, kind);
  assert.ok(info);
  const type = typeNameOf(info);
  const status = knownType(type).fields['status']?.ref;
  return fc
    .record({
      fields: anyOfType(type),
      status: status === undefined ? fc.constant(undefined) : anyOfType(status),
      poison: fc.array(fc.tuple(fc.array(fc.nat(20), { maxLength: 6 }), poison), { maxLength: 3 }),
      isEnding: fc.boolean(),
      isOwned: fc.constantFrom(undefined, 'itself', 'others'),
    })
    .map(({ fields, status: current, poison: values, isEnding, isOwned }) => {
      const object = { ...fields, ...(current && { status: current }) };
      for (const [path, value] of values) replaceAt(object, path, structuredClone(value)); // no case changes another
      return { apiVersion, kind, info, object, isEnding, isOwned };
    });
});

/** Puts a value into a nested field that the numbers choose. */
function replaceAt(object: unknown, [first = 0, ...rest]: number[], value: unknown): void {
  if (typeof object !== 'object' || object === null) return;
  const fields = Object.keys(object);
  const field = fields[first % (fields.length || 1)];
  if (field === undefined) return;
  const inner = (object as Record<string, unknown>)[field];
  if (rest.length > 0 && typeof inner === 'object' && inner !== null) replaceAt(inner, rest, value);
  else (object as Record<string, unknown>)[field] = value;
}

type Hostile = typeof hostileObjects extends fc.Arbitrary<infer T> ? T : never;

/** As somebody could have stored it; how many pods it wants is bounded, and that is all. */
function stored({ apiVersion, kind, info, object, isEnding, isOwned }: Hostile, at: number): KubeObject {
  const { metadata, spec, ...fields } = structuredClone(object) as Record<string, unknown>;
  if (typeof spec === 'object' && spec !== null && 'replicas' in spec && Number(spec.replicas) > 3) spec.replicas = 3;
  const owner = { apiVersion, kind, blockOwnerDeletion: true, controller: true };
  const to = isOwned === 'itself' ? at : at + 1;
  return {
    ...fields,
    ...(spec !== undefined && { spec }),
    apiVersion,
    kind,
    metadata: {
      ...(metadata as object | undefined),
      name: `hostile-${at}`,
      namespace: info.namespaced ? 'default' : undefined,
      uid: `uid-${at}`,
      ...(isOwned && { ownerReferences: [{ ...owner, name: `hostile-${to}`, uid: `uid-${to}` }] }),
      deletionTimestamp: isEnding ? '2026-01-01T00:00:00Z' : undefined,
      finalizers: isEnding ? ['foregroundDeletion'] : undefined,
    },
  };
}

describe('planRollout', () => {
  it('does not look for ever for sizes that are no numbers', () => {
    const desired = {
      replicas: 2,
      maxSurge: 1,
      maxUnavailable: 0,
      strategy: 'RollingUpdate',
      isPaused: false,
    } as const;
    const set = { name: 'web', replicas: 1, live: 1, available: 1, running: 1, createdAt: 0 };
    const sets = { current: set, old: [{ ...set, name: 'old' }] };
    for (const replicas of [Number.NaN, Infinity, [{}], 'many', {}] as unknown as number[]) {
      assert.throws(() => planRollout({ ...desired, replicas }, sets), /no number/);
      assert.throws(() => planRollout(desired, { ...sets, old: [{ ...set, replicas }] }), /no number/);
    }
  });
});

describe('hostile objects', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let looks: number;
  let errors: unknown[];
  const log: Logger = {
    ...silentLogger,
    error: (message, fields) => {
      // An object that is passed over keeps nobody from the others.
      if (message !== 'change passed over') errors.push([message, fields]);
    },
    child: () => log,
  };

  beforeEach(() => {
    [looks, errors] = [0, []];
  });

  const countingStore = (): Store => {
    const { store } = cluster;
    return delegateTo(store, {
      get: (...args) => {
        looks += 1;
        return store.get(...args);
      },
    });
  };

  const startAll = (): void => {
    const { clock } = cluster;
    const store = countingStore();
    const events = new EventRecorder({ store, clock, log });
    const deps = { store, clock, log, events, random: Math.random, liveness: cluster };
    const api = { address: '10.0.0.1', port: 6443, authority: 'certificate', issueLasting: () => 'token' };
    startReconcilers({ ...deps, api }, cluster.scope.child('hostile'));
    new Scheduler(deps).run(cluster.scope.child('scheduler'));
  };

  it('keep no reconciler from the others, and cost bounded work', async () => {
    const property = fc.asyncProperty(fc.array(hostileObjects, { minLength: 4, maxLength: 12 }), async (objects) => {
      [looks, errors] = [0, []];
      cluster = await Cluster.start(1);
      try {
        await cluster.controllers.close();
        for (const [at, each] of objects.entries()) {
          await cluster.store.create(resourceName(each.info), stored(each, at)).catch(() => undefined);
        }
        startAll();
        await cluster.store.create('deployments.apps', aDeployment({ replicas: 2 }));
        await cluster.until('a Deployment to be rolled out', () => cluster.isRolledOut());
        for (let minute = 0; minute < 5; minute += 1) {
          await cluster.store.settled();
          await cluster.clock.advance(60_000);
        }
        assert.ok(looks < 100_000, `${looks} looks into the store`);
        assert.deepEqual(errors, [], 'a worker or a follower has ended');
      } finally {
        await cluster.stop();
      }
    });
    await fc.assert(property, { numRuns: 20, seed: 7 });
  });
});
