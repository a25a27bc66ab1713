import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DesiredSync } from '../../agent/link/desired-sync.ts';
import { keyOf, withoutBookkeeping } from '../../controller/nodes/desired.ts';
import { NodeSession } from '../../controller/nodes/node-session.ts';
import type { Bus } from '../../shared/bus/bus.ts';
import { MessageQueue } from '../../shared/bus/message-queue.ts';
import type { Delta, DesiredItem, SyncRequest } from '../../shared/bus/messages.ts';
import { ApiError } from '../../shared/errors.ts';
import { silentLogger } from '../../shared/log.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { Scope } from '../../shared/scope.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { aPod } from '../objects.ts';

/** A line that loses, doubles and swaps as it is told. */
class BadBus implements Bus {
  readonly isConnected = true;
  readonly deltas = new MessageQueue<Delta>(() => undefined);
  answer: (request: SyncRequest) => unknown = () => undefined;
  async request<T>(_subject: string, body: unknown): Promise<T> {
    return JSON.parse(JSON.stringify(this.answer(body as SyncRequest))) as T;
  }
  async *subscribe(): AsyncGenerator<{ subject: string; bytes: Uint8Array; json: () => unknown }> {
    for await (const delta of this.deltas) yield { subject: '', bytes: new Uint8Array(), json: () => delta };
  }
  publish(): void {}
  publishBytes(): void {}
  serve(): void {}
  onReconnect(): void {}
  onDisconnect(): void {}
  async flush(): Promise<void> {}
  async close(): Promise<void> {}
}

type Step =
  | { do: 'bind' | 'unbind' | 'edit'; pod: number }
  | { do: 'lose' | 'double' | 'swap' | 'fail' }
  | { do: 'deliver' }
  | { do: 'restart' };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('bind', 'unbind', 'edit'), pod: fc.nat(5) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('lose', 'double', 'swap', 'fail') }) },
    { weight: 3, arbitrary: fc.constant({ do: 'deliver' } as const) },
    { weight: 1, arbitrary: fc.constant({ do: 'restart' } as const) },
  ),
  { maxLength: 40 },
) as fc.Arbitrary<Step[]>;

/** A controller and an agent, and a bad line between them. */
class World {
  readonly clock = new ManualClock();
  readonly scope = new Scope('world');
  readonly bus = new BadBus();
  readonly seen = new Map<string, KubeObject>();
  readonly wanted = new Map<string, KubeObject>();
  readonly sync: DesiredSync;
  #onTheWay: Delta[] = [];
  #failures = 0;
  #epochs = 0;
  #session: NodeSession;

  constructor() {
    this.#session = this.#newSession();
    this.bus.answer = (request) => {
      if (this.#failures > 0) {
        this.#failures -= 1;
        throw new ApiError('Timeout', 'lost');
      }
      return this.#session.sync(request, (key) => this.wanted.get(key));
    };
    const target = {
      replace: async (items: readonly DesiredItem[]): Promise<void> => {
        this.seen.clear();
        for (const { key, object } of items) this.seen.set(key, object);
      },
      apply: async (set: readonly DesiredItem[], remove: readonly string[]): Promise<void> => {
        for (const { key, object } of set) this.seen.set(key, object);
        for (const key of remove) this.seen.delete(key);
      },
    };
    const { clock, bus } = this;
    this.sync = new DesiredSync({ bus, node: 'n', target, onNewEpoch: () => undefined, clock, log: silentLogger });
    this.sync.run(this.scope);
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'bind':
      case 'edit': {
        const pod = aPod({ name: `pod-${step.pod}`, nodeName: 'n' });
        this.wanted.set(keyOf('pods', pod), pod);
        this.#session.pods.set(keyOf('pods', pod), pod);
        this.#refresh();
        break;
      }
      case 'unbind':
        this.wanted.delete(`pods/default/pod-${step.pod}`);
        this.#session.pods.delete(`pods/default/pod-${step.pod}`);
        this.#refresh();
        break;
      case 'lose':
        this.#onTheWay.shift();
        break;
      case 'double':
        this.#onTheWay = this.#onTheWay.flatMap((delta) => [delta, delta]).slice(0, 100);
        break;
      case 'swap':
        this.#onTheWay.reverse();
        break;
      case 'fail':
        this.#failures = 2;
        break;
      case 'deliver':
        await this.deliver();
        break;
      case 'restart': {
        const { pods } = this.#session;
        this.#session = this.#newSession();
        for (const [key, pod] of pods) this.#session.pods.set(key, pod);
        this.#refresh();
      }
    }
  }

  async deliver(): Promise<void> {
    for (const delta of this.#onTheWay.splice(0)) this.bus.deltas.push(delta);
    await this.clock.advance(5000);
  }

  /** What heartbeats do: they show the controller that the agent is behind. */
  async heartbeats(): Promise<void> {
    for (let second = 0; second < 5; second += 1) {
      const { epoch, counter } = this.sync;
      this.#session.heard({ epoch, counter, pods: 0 }, this.clock.monotonic());
      await this.deliver();
    }
  }

  #newSession(): NodeSession {
    this.#epochs += 1;
    return new NodeSession(`epoch-${this.#epochs}`, (delta) =>
      this.#onTheWay.push(JSON.parse(JSON.stringify(delta)) as Delta),
    );
  }

  #refresh(): void {
    this.#session.refresh((key) => this.wanted.get(key));
  }
}

describe('the stream of desired items', function () {
  this.timeout(60_000);

  it('comes right by itself, whatever the line loses, doubles or swaps', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        const world = new World();
        for (const step of sequence) await world.take(step);
        await world.heartbeats();
        const wanted = [...world.wanted].map(([key, object]) => [key, withoutBookkeeping(object)] as const);
        assert.deepEqual([...world.seen].sort(byKey), JSON.parse(JSON.stringify(wanted.sort(byKey))));
        world.bus.deltas.end();
        await world.scope.close();
      }),
      { numRuns: 150 },
    );
  });
});

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
