import assert from 'node:assert/strict';
import fc from 'fast-check';
import { defaultSilenceSettings, judgeNodes } from '../../../controller/reconcile/node-lifecycle/silence.ts';
import type { Guard, HeardNode, Verdict } from '../../../controller/reconcile/node-lifecycle/silence.ts';

const { graceMs, massConfirmMs, massIntervalMs } = defaultSilenceSettings;

/** Nodes that fall silent at given times, looked at every quarter of a second. */
class Watched {
  readonly #diesAt: ReadonlyMap<string, number>;
  readonly #lost = new Set<string>();
  readonly lostAt = new Map<string, number>();
  #guard: Guard = {};
  verdicts = new Map<string, Verdict>();

  constructor(diesAt: Record<string, number>) {
    this.#diesAt = new Map(Object.entries(diesAt));
  }

  run(untilMs: number): this {
    for (let now = 0; now <= untilMs; now += 250) {
      const nodes = [...this.#diesAt].map(([name, dies]): HeardNode => {
        const silentSince = Math.min(Math.floor(now / 1_000) * 1_000, dies);
        return { name, silentSince, wasHeard: true, isLost: this.#lost.has(name) };
      });
      const judged = judgeNodes(nodes, this.#guard, 0, now, defaultSilenceSettings);
      this.#guard = judged.guard;
      this.verdicts = judged.verdicts;
      for (const [name, verdict] of judged.verdicts) {
        if (verdict !== 'lost' || this.#lost.has(name)) continue;
        this.#lost.add(name);
        this.lostAt.set(name, now);
      }
    }
    return this;
  }
}

describe('judgeNodes', () => {
  it('declares one silent node of three lost after the grace time', () => {
    const watched = new Watched({ a: 10_000, b: Infinity, c: Infinity }).run(20_000);
    assert.deepEqual([...watched.lostAt], [['a', 10_000 + graceMs]]);
  });

  it('declares nobody lost while all are silent together, though they fall silent one after the other', () => {
    const watched = new Watched({ a: 10_000, b: 10_400, c: 10_900 }).run(10_000 + massConfirmMs);
    assert.equal(watched.lostAt.size, 0);
    assert.deepEqual([...watched.verdicts.values()], ['silent', 'silent', 'silent']);
  });

  it('believes a long silence of many, and declares one node lost after another', () => {
    const watched = new Watched({ a: 10_000, b: 10_000, c: 10_000, d: Infinity }).run(120_000);
    const times = [...watched.lostAt.values()];
    assert.equal(times.length, 3);
    assert.ok((times[0] ?? 0) >= 10_000 + graceMs + massConfirmMs);
    assert.ok((times[1] ?? 0) - (times[0] ?? 0) >= massIntervalMs);
  });

  it('does not hold it against the others that some nodes were lost long ago', () => {
    const watched = new Watched({ a: 10_000, b: 60_000, c: Infinity }).run(120_000);
    assert.deepEqual([...watched.lostAt.values()], [10_000 + graceMs, 60_000 + graceMs]);
  });

  it('never declares more than a third of the nodes lost within the confirmation time of a common silence', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.nat(999), (count, jitter) => {
        const dies = Array.from({ length: count }, (_, place) => [`n${place}`, 10_000 + ((place * jitter) % 1_000)]);
        const watched = new Watched(Object.fromEntries(dies) as Record<string, number>).run(10_000 + massConfirmMs);
        assert.equal(watched.lostAt.size, 0);
      }),
    );
  });

  it('declares nobody lost before one full grace time after this process woke', () => {
    const node = { name: 'a', silentSince: 0, wasHeard: true, isLost: false };
    const judge = (now: number) => judgeNodes([node], {}, 50_000, now, defaultSilenceSettings).verdicts.get('a');
    assert.equal(judge(50_000 + graceMs - 1), 'waiting');
    assert.equal(judge(50_000 + graceMs), 'silent');
  });

  it('keeps a node lost that is not heard after a restart', () => {
    const node = { name: 'a', silentSince: 0, wasHeard: false, isLost: true };
    const judge = (now: number) => judgeNodes([node], {}, 0, now, defaultSilenceSettings).verdicts.get('a');
    assert.equal(judge(graceMs - 1), 'waiting');
    assert.equal(judge(graceMs), 'lost');
  });
});
