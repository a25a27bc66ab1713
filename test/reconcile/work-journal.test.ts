import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Runner } from '../../controller/reconcile/runner.ts';
import { WorkJournal } from '../../controller/reconcile/work-journal.ts';
import { silentLogger } from '../../shared/log.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { Scope } from '../../shared/scope.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { until } from '../support/until.ts';

const reconcileFolder = new URL('../../controller/reconcile/', import.meta.url).href;
const sharedFolder = new URL('../../shared/', import.meta.url).href;

/** A process of its own, as far as its main thread goes, whose reconciler never gives it back over one key. */
const hostile = `
  import { workerData, parentPort } from 'node:worker_threads';
  const { Runner } = await import(workerData.reconcile + 'runner.ts');
  const { WorkJournal } = await import(workerData.reconcile + 'work-journal.ts');
  const { Scope } = await import(workerData.shared + 'scope.ts');
  const { systemClock } = await import(workerData.shared + 'clock.ts');
  const { silentLogger: log } = await import(workerData.shared + 'log.ts');
  const journal = new WorkJournal(workerData.path, systemClock, workerData.wasStuck);
  const worked = (key) => parentPort.postMessage(key);
  const reconcile = async (key) => {
    worked(key);
    if (key === 'default/slow') await new Promise(() => {});
    for (; key === 'default/poison'; );
  };
  const runner = new Runner('deployment', reconcile, { clock: systemClock, log, journal }, new Scope('test'));
  for (const key of ['default/good', 'default/slow', 'default/poison', 'default/good']) runner.add(key);
`;

describe('WorkJournal', () => {
  let directory: string;
  let path: string;
  let clock: ManualClock;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-journal-'));
    path = join(directory, 'work.journal');
    clock = new ManualClock();
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const asideMs = (journal: WorkJournal, key: string): number | undefined => journal.asideFor('test', key)?.leftMs;
  const die = (keys: readonly string[], wasStuck = false): void => {
    const journal = new WorkJournal(path, clock, wasStuck);
    journal.end(journal.begin('test', 'done'));
    for (const key of keys) journal.begin('test', key);
  };

  it('sets the key aside that was begun last before the process was stuck, and no other', () => {
    die(['first', 'last']);
    const next = new WorkJournal(path, clock, true);
    assert.deepEqual(
      ['done', 'first', 'last', 'never'].map((key) => asideMs(next, key)),
      [undefined, undefined, 60_000, undefined],
    );
    assert.equal(next.asideFor('another', 'last'), undefined);
  });

  it('sets each key aside that was in progress twice, and for longer each time', async () => {
    die(['poison', 'innocent']);
    die(['poison', 'other'], true);
    let next = new WorkJournal(path, clock, true);
    assert.deepEqual([asideMs(next, 'poison'), asideMs(next, 'innocent')], [120_000, 60_000]);
    await clock.advance(120_000);
    assert.equal(asideMs(next, 'poison'), undefined);
    next.begin('test', 'poison');
    next = new WorkJournal(path, clock, true);
    assert.equal(asideMs(next, 'poison'), 240_000);
  });

  it('blames nobody when the process ended in another way, and remembers what is still aside', () => {
    die(['one']);
    assert.equal(asideMs(new WorkJournal(path, clock, false), 'one'), undefined);
    die(['one']);
    die([], true);
    assert.equal(asideMs(new WorkJournal(path, clock, false), 'one'), 60_000);
  });

  it('lets work go on where the file cannot be written', () => {
    const journal = new WorkJournal(join(directory, 'missing', 'file'), clock, true);
    journal.end(journal.begin('test', 'a'));
    assert.equal(asideMs(journal, 'a'), undefined);
  });

  it('makes the runner leave the key alone for that time, with an event on its object', async () => {
    new WorkJournal(path, clock, false).begin('deployment', 'default/web');
    const journal = new WorkJournal(path, clock, true);
    const web: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace: 'default' },
    };
    const said: unknown[] = [];
    const worked: [string, number][] = [];
    const scope = new Scope('test');
    const reconcile = (key: string): Promise<undefined> => {
      worked.push([key, clock.monotonic()]);
      return Promise.resolve(undefined);
    };
    const store = { get: (...key: string[]) => (key.join() === 'deployments.apps,default,web' ? web : undefined) };
    const events = { record: (object: unknown, ...rest: string[]) => said.push([object, rest[1], rest[2]]) };
    const deps = { clock, log: silentLogger, journal, store, events } as unknown as ConstructorParameters<
      typeof Runner
    >[2];
    const runner = new Runner('deployment', reconcile, deps, scope);
    for (const key of ['default/web', 'default/other', 'default/web']) runner.add(key);
    await clock.advance(30_000);
    runner.add('default/web');
    await clock.advance(40_000);
    await scope.close();
    assert.deepEqual(worked, [
      ['default/other', 0],
      ['default/web', 60_000],
    ]);
    const message = 'The controller was stuck when it worked on this object (deployment): it is left alone for 60 s';
    assert.deepEqual(said, [[web, 'SetAside', message]]);
  });

  it('finds the key over which a thread is really stuck, so that the next works on the others', async function () {
    this.timeout(30_000);
    const life = async (wasStuck: boolean, isOver: (worked: string[]) => boolean): Promise<string[]> => {
      const workerData = { path, wasStuck, reconcile: reconcileFolder, shared: sharedFolder };
      const source = new URL(`data:text/javascript,${encodeURIComponent(hostile)}`);
      const worker = new Worker(source, { workerData });
      const worked: string[] = [];
      worker.on('message', (key: string) => worked.push(key));
      worker.on('error', (error) => assert.fail(String(error)));
      await until(() => isOver(worked), 'the reconciler to be at work', { withinMs: 20_000 });
      const ended = once(worker, 'exit');
      await worker.terminate();
      await ended;
      return worked;
    };
    assert.ok((await life(false, (worked) => worked.includes('default/poison'))).includes('default/good'));
    const next = await life(true, (worked) => worked.includes('default/slow'));
    assert.ok(next.includes('default/good') && !next.includes('default/poison'), next.join());
  });
});
