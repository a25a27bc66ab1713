import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GarbageCollector } from '../../../controller/reconcile/garbage/reconciler.ts';
import { openStore } from '../../../controller/store/cached-store.ts';
import { deleteObject, foregroundFinalizer, orphanFinalizer } from '../../../controller/store/deletion.ts';
import { EventRecorder } from '../../../controller/store/event-recorder.ts';
import { openSqliteStore } from '../../../controller/store/sqlite-store.ts';
import type { StateStore } from '../../../controller/store/state-store.ts';
import type { Store } from '../../../controller/store/store.ts';
import { hasReason } from '../../../shared/errors.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { KubeObject, OwnerReference } from '../../../shared/objects/types.ts';
import { Scope } from '../../../shared/scope.ts';
import { delegateTo } from '../../fakes/delegating-store.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

/** Where an object of a graph lives; '' is the cluster. */
type Place = 'one' | 'two' | '';

interface Member {
  place: Place;
  owners: { to: number; blocks: boolean | undefined; isRight: boolean }[];
  /** How it was being deleted before the collector started, if at all. */
  stored?: 'Foreground' | 'Orphan';
}

type Policy = 'Background' | 'Foreground' | 'Orphan';

interface Graph {
  members: Member[];
  deletions: { of: number; policy: Policy }[];
}

const maxMembers = 6;

const graphs: fc.Arbitrary<Graph> = fc.record({
  members: fc.array(
    fc.record({
      place: fc.constantFrom<Place>('one', 'one', 'one', 'two', ''),
      owners: fc.array(
        fc.record({
          // One more than there are: an owner that never was.
          to: fc.nat(maxMembers),
          blocks: fc.constantFrom(true, true, false, undefined),
          isRight: fc.constantFrom(true, true, true, false),
        }),
        { maxLength: 3 },
      ),
      stored: fc.constantFrom(undefined, undefined, 'Foreground' as const, 'Orphan' as const),
    }),
    { minLength: 1, maxLength: maxMembers },
  ),
  deletions: fc.array(
    fc.record({ of: fc.nat(maxMembers - 1), policy: fc.constantFrom<Policy>('Background', 'Foreground', 'Orphan') }),
    { maxLength: 4 },
  ),
});

const resourceAt = (place: Place): string => (place === '' ? 'clusterroles.rbac.authorization.k8s.io' : 'configmaps');
const nameOf = (at: number): string => `member-${at}`;
const circle = (size: number, stored?: Member['stored']): Member[] =>
  Array.from({ length: size }, (_, at) => ({
    place: 'one',
    owners: [{ to: (at + 1) % size, blocks: true, isRight: true }],
    stored,
  }));

/** A graph in the store, under uids of its own, and the collector at work on it. */
class World {
  readonly clock = new ManualClock();
  readonly #store: Store;
  readonly #graph: Graph;
  readonly #run: string;
  readonly scope = new Scope('test');
  /** How often the collector has looked into the store. */
  looks = 0;

  constructor(store: Store, graph: Graph, run: number) {
    this.#store = store;
    this.#graph = graph;
    this.#run = `run-${run}`;
  }

  async play(): Promise<void> {
    const { members, deletions } = this.#graph;
    for (const at of members.keys()) await this.#store.create(resourceAt(this.#placeOf(at)), this.#objectOf(at));
    this.#startCollector();
    for (const { of, policy } of deletions) await this.#delete(of, policy);
    await this.settle();
  }

  get(at: number): KubeObject | undefined {
    return this.#store.get(resourceAt(this.#placeOf(at)), this.#placeOf(at), nameOf(at));
  }

  /** Until nothing happens any more. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 2;) {
      const before = this.#store.version + this.looks;
      await this.#store.settled();
      await this.clock.advance(61_000);
      await this.#store.settled();
      quiet = this.#store.version + this.looks === before ? quiet + 1 : 0;
    }
  }

  async end(): Promise<void> {
    await this.scope.close();
    for (const at of this.#graph.members.keys()) {
      if (this.get(at)) await this.#store.remove(resourceAt(this.#placeOf(at)), this.#placeOf(at), nameOf(at));
    }
  }

  #placeOf(at: number): Place {
    return this.#graph.members[at]?.place ?? 'one';
  }

  #objectOf(at: number): KubeObject {
    const place = this.#placeOf(at);
    const { stored, owners = [] } = this.#graph.members[at] ?? {};
    const finalizers = stored && [stored === 'Foreground' ? foregroundFinalizer : orphanFinalizer];
    return {
      ...(place === ''
        ? { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole' }
        : { apiVersion: 'v1', kind: 'ConfigMap' }),
      metadata: {
        name: nameOf(at),
        ...(place !== '' && { namespace: place }),
        uid: `${this.#run}-${at}`,
        ownerReferences: owners.map((owner) => this.#referenceTo(owner)),
        ...(stored && { finalizers, deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 }),
      },
    };
  }

  #referenceTo({ to, blocks, isRight }: Member['owners'][number]): OwnerReference {
    const isCluster = this.#placeOf(to) === '';
    return {
      apiVersion: isCluster ? 'rbac.authorization.k8s.io/v1' : 'v1',
      kind: isCluster ? 'ClusterRole' : 'ConfigMap',
      name: isRight ? nameOf(to) : 'another-name',
      uid: `${this.#run}-${to}`,
      ...(blocks !== undefined && { blockOwnerDeletion: blocks }),
    };
  }

  #startCollector(): void {
    const count = (): void => {
      this.looks += 1;
      // What would go on for ever ends here, and shows in the count.
      if (this.looks > 100_000) throw new Error('too much work');
    };
    const { clock } = this;
    const store = delegateTo(this.#store, {
      get: (...args) => {
        count();
        return this.#store.get(...args);
      },
      dependents: (uid) => {
        count();
        return this.#store.dependents(uid);
      },
    });
    const events = new EventRecorder({ store, clock, log: silentLogger });
    const deps = { store, clock, log: silentLogger, events, random: Math.random };
    new GarbageCollector(deps).run(this.scope);
  }

  async #delete(at: number, propagationPolicy: Policy): Promise<void> {
    const place = this.#placeOf(at);
    try {
      await deleteObject(this.#store, this.clock, resourceAt(place), place, nameOf(at), { propagationPolicy });
    } catch (error) {
      if (!hasReason(error, 'NotFound')) throw error;
    }
  }
}

describe('garbage in any graph of owners', function () {
  this.timeout(60_000);
  let state: StateStore;
  let store: Store;
  let runs = 0;
  before(async () => {
    state = await openSqliteStore(':memory:');
    store = await openStore(state, new ManualClock());
  });
  after(() => state.close());

  const play = async (graph: Graph, check: (world: World) => void): Promise<void> => {
    const world = new World(store, graph, (runs += 1));
    try {
      await world.play();
      check(world);
    } finally {
      await world.end();
    }
  };
  /** Whether a member names an owner that is there, or one that nobody could look up. */
  const hasOwner = ({ members }: Graph, world: World, { place, owners }: Member, unknown: boolean): boolean =>
    owners.some(({ to, isRight }) => {
      const isThere = world.get(to) !== undefined;
      const owner = members[to] ?? { place: 'one' };
      if (owner.place !== '' && place === '') return isThere || unknown;
      return isRight && (owner.place === '' || owner.place === place) && isThere;
    });

  it('ends every deletion with bounded work, and takes what has lost its owners and nothing else', async () => {
    const property = fc.asyncProperty(graphs, (graph) =>
      play(graph, (world) => {
        assert.ok(world.looks < 3_000, `${world.looks} looks into the store`);
        const asked = new Set(graph.deletions.map(({ of }) => of));
        graph.members.forEach((member, at) => {
          const left = world.get(at);
          assert.equal(left?.metadata.deletionTimestamp, undefined, `${nameOf(at)} is still being deleted`);
          const wasAsked = asked.has(at) || member.stored !== undefined;
          if (left !== undefined) assert.ok(!wasAsked, `${nameOf(at)} is still there`);
          const owners = left?.metadata.ownerReferences;
          if (owners?.length) assert.ok(hasOwner(graph, world, member, true), `${nameOf(at)} has no owner left`);
          if (left !== undefined || wasAsked) return;
          assert.ok(member.owners.length > 0, `${nameOf(at)} was taken without an owner`);
          assert.ok(!hasOwner(graph, world, member, false), `${nameOf(at)} was taken from an owner that is there`);
        });
      }),
    );
    await fc.assert(property, { numRuns: 300 });
  });

  for (const size of [1, 2, 3, 50, 150]) {
    it(`collects a circle of ${size} that is deleted in the foreground`, () => {
      const graph: Graph = { members: circle(size), deletions: [{ of: 0, policy: 'Foreground' }] };
      return play(graph, (world) =>
        assert.deepEqual(
          [...graph.members.keys()].filter((at) => world.get(at)),
          [],
        ),
      );
    });

    it(`collects a circle of ${size} that was stored while each waited for the next`, () => {
      const graph: Graph = { members: circle(size, 'Foreground'), deletions: [] };
      return play(graph, (world) =>
        assert.deepEqual(
          [...graph.members.keys()].filter((at) => world.get(at)),
          [],
        ),
      );
    });
  }

  it('leaves a circle alone that nobody deletes', () => {
    const graph: Graph = { members: circle(3), deletions: [] };
    return play(graph, (world) =>
      assert.deepEqual(
        [...graph.members.keys()].filter((at) => !world.get(at)),
        [],
      ),
    );
  });
});
