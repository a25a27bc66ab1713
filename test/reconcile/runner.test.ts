import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { Runner } from '../../controller/reconcile/runner.ts';
import { ApiError } from '../../shared/errors.ts';
import { silentLogger } from '../../shared/log.ts';
import type { Logger } from '../../shared/log.ts';
import { Scope } from '../../shared/scope.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

describe('Runner', () => {
  let clock: ManualClock;
  let scope: Scope;
  beforeEach(() => {
    clock = new ManualClock();
    scope = new Scope('test');
  });
  afterEach(() => scope.close());

  it('comes back after the delay a reconcile asks for', async () => {
    const times: number[] = [];
    const reconcile = (): Promise<number | undefined> => {
      times.push(clock.monotonic());
      return Promise.resolve(times.length < 3 ? 1_000 : undefined);
    };
    new Runner('test', reconcile, { clock, log: silentLogger }, scope).add('a');
    await clock.advance(10_000);
    assert.deepEqual(times, [0, 1_000, 2_000]);
  });

  it('tries a key that fails again, ever later, and starts over after a success', async () => {
    const times: number[] = [];
    const reconcile = (): Promise<undefined> => {
      times.push(clock.monotonic());
      return times.length === 4 ? Promise.resolve(undefined) : Promise.reject(new Error('no'));
    };
    const runner = new Runner('test', reconcile, { clock, log: silentLogger }, scope);
    runner.add('a');
    await clock.advance(1_000);
    assert.deepEqual(times, [0, 20, 60, 140]);
    runner.add('a');
    await clock.advance(25);
    assert.deepEqual(times.slice(4), [1_000, 1_020]);
  });

  it('warns of errors, but not of a Conflict', async () => {
    const warnings: string[] = [];
    const log: Logger = { ...silentLogger, warn: (message) => warnings.push(message), child: () => log };
    const reconcile = (key: string): Promise<undefined> =>
      Promise.reject(key === 'conflict' ? new ApiError('Conflict', 'changed') : new Error('no'));
    const runner = new Runner('test', reconcile, { clock, log }, scope);
    runner.add('conflict');
    await clock.advance(10);
    assert.deepEqual(warnings, []);
    runner.add('error');
    await clock.advance(10);
    assert.deepEqual(warnings, ['reconcile failed']);
  });

  it('never works on one key twice at a time, nor loses what was added meanwhile', async () => {
    let working = 0;
    let most = 0;
    let runs = 0;
    const reconcile = async (): Promise<undefined> => {
      working += 1;
      runs += 1;
      most = Math.max(most, working);
      await clock.sleep(100);
      working -= 1;
    };
    const runner = new Runner('test', reconcile, { clock, log: silentLogger }, scope);
    runner.add('a');
    await clock.advance(50);
    runner.add('a');
    runner.add('a');
    await clock.advance(1_000);
    assert.equal(most, 1);
    assert.equal(runs, 2);
  });

  it('counts what it does, for several queues in one registry', async () => {
    const registry = new Registry();
    const deps = { clock, log: silentLogger, registry };
    new Runner('one', () => Promise.resolve(undefined), deps, scope).add('a');
    new Runner('two', () => Promise.reject(new Error('no')), deps, scope).add('a');
    await clock.advance(10);
    const text = await registry.metrics();
    assert.match(text, /^workqueue_adds_total\{name="one"\} 1$/m);
    assert.match(text, /^workqueue_retries_total\{name="two"\} 1$/m);
    assert.match(text, /^workqueue_depth\{name="one"\} 0$/m);
    assert.match(text, /^workqueue_work_duration_seconds_count\{name="one"\} 1$/m);
  });

  it('does not spin on keys that add each other, or come back at once', async () => {
    const runs = new Map<string, number>();
    const count = (key: string): void => {
      runs.set(key, (runs.get(key) ?? 0) + 1);
      if ((runs.get(key) ?? 0) > 10_000) throw new Error('too often');
    };
    const other = { ping: 'pong', pong: 'ping' } as Record<string, string>;
    const reconcile = (key: string): Promise<number | undefined> => {
      count(key);
      const next = other[key];
      if (next === undefined) return Promise.resolve(key === 'at once' ? 0 : Number.NaN);
      runner.add(next);
      return Promise.resolve(undefined);
    };
    const runner: Runner = new Runner('test', reconcile, { clock, log: silentLogger }, scope);
    for (const key of ['ping', 'at once', 'never said']) runner.add(key);
    await clock.advance(0);
    for (const [key, often] of runs) assert.ok(often <= 101, `${key} was worked on ${often} times in no time`);
    await clock.advance(1_000);
    for (const [key, often] of runs) assert.ok(often <= 202, `${key} was worked on ${often} times in a second`);
    assert.ok((runs.get('ping') ?? 0) > 100, 'a slow key is not a stopped one');
    assert.ok((runs.get('never said') ?? 0) <= 2, 'a delay that is no number is a long one');
  });

  it('lets the rest of the process have its turn while there are many keys', async () => {
    let now = 0;
    const monotonic = (): number => (now += 1);
    const ticking = { monotonic, now: monotonic, sleep: clock.sleep.bind(clock) };
    let turns = 0;
    const stop = new AbortController();
    const others = (async () => {
      for (; !stop.signal.aborted; turns += 1) await new Promise(setImmediate);
    })();
    const keys = Array.from({ length: 1_000 }, (_, at) => `key-${at}`);
    let left = keys.length;
    const finished = new Promise<void>((resolve) => {
      const reconcile = (): Promise<undefined> => {
        left -= 1;
        if (left === 0) resolve();
        return Promise.resolve(undefined);
      };
      const runner = new Runner('test', reconcile, { clock: ticking, log: silentLogger }, scope);
      for (const key of keys) runner.add(key);
    });
    await finished;
    stop.abort();
    await others;
    assert.ok(turns >= 20, `others had ${turns} turns`);
  });
});
