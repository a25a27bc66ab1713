import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeLogs } from '../../../agent/logs/node-logs.ts';
import type { PodIdentity } from '../../../agent/runtime/driver.ts';
import { silentLogger } from '../../../shared/log.ts';
import { Scope } from '../../../shared/scope.ts';
import { FakeLink } from '../../fakes/fake-link.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { untilSettled } from '../../support/until-settled.ts';
import { LogWriter } from './log-writer.ts';

const pod = (name: string): PodIdentity => ({ namespace: 'default', name, uid: `uid-${name}` });
const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `line ${String(from + index)}`);

describe('NodeLogs', () => {
  let root: string;
  let logs: string;
  let scope: Scope;
  let link: FakeLink;
  let clock: ManualClock;
  let writers: LogWriter[];
  let kept: PodIdentity[];
  const rotation = { fileBytes: 20_000, files: 3, attempts: 2, allFiles: 100 };

  const start = async (limits = rotation): Promise<NodeLogs> => {
    const driver = {
      listContainers: async () => (await Promise.all(writers.map((writer) => writer.listContainers()))).flat(),
      reopenLog: (id: string) => writers[0]?.reopenLog() ?? Promise.reject(new Error(id)),
    };
    const paths = { logs, state: join(root, 'state') };
    const keptPods = (): PodIdentity[] => kept;
    const node = new NodeLogs({ driver, link, paths, clock, log: silentLogger, keptPods, rotation: limits });
    await node.run(scope);
    return node;
  };

  const restart = async (): Promise<NodeLogs> => {
    await scope.close();
    scope = new Scope('logs');
    return start();
  };

  const until = (condition: () => boolean | Promise<boolean>): Promise<void> =>
    untilSettled(clock, condition, { stepMs: 50 });

  const shipped = (name = 'web'): string[] => link.lines.get(`uid-${name}/main`) ?? [];

  beforeEach(async () => {
    root = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'berth-ship-'));
    logs = join(root, 'logs');
    scope = new Scope('logs');
    link = new FakeLink();
    clock = new ManualClock();
    writers = [await new LogWriter(logs).open()];
    kept = [pod('web'), pod('loud'), pod('quiet')];
  });

  afterEach(async () => {
    await scope.close();
    await rm(root, { recursive: true });
  });

  it('ships every line once, over attempts, rotation and restarts of the agent', async () => {
    const [writer] = writers;
    assert.ok(writer !== undefined);
    await start();
    const wanted: string[] = [];
    for (let round = 0; round < 15; round += 1) {
      const lines = numbered(100, round * 100);
      wanted.push(...lines);
      await writer.writeMany(lines);
      await until(() => shipped().length === wanted.length);
      await clock.advance(1000);
      if (round % 4 === 0) await restart();
      if (round % 6 === 5) await writer.restart();
    }
    assert.deepEqual(shipped(), wanted);
    assert.equal(link.lost.get('uid-web/main') ?? 0, 0);
  });

  it('ships the end of a line that has no end once its container is over', async () => {
    const [writer] = writers;
    assert.ok(writer !== undefined);
    await start();
    await writer.write('no newline', { flag: 'P' });
    await until(async () => clock.now() > 0 && (await readdir(logs)).length === 1 && clock.monotonic() > 2000);
    assert.deepEqual(shipped(), []);
    writer.isRunning = false;
    await until(() => shipped().length === 1);
  });

  it('waits while the controller is away, keeps the disk within its cap, and counts what went', async () => {
    const [writer] = writers;
    assert.ok(writer !== undefined);
    await start();
    await writer.writeMany(numbered(100));
    await until(() => shipped().length === 100);
    link.isConnected = false;
    for (let round = 0; round < 12; round += 1) {
      await writer.writeMany(numbered(500, 100 + round * 500));
      const part = `0.log.${String(round + 1)}`;
      await until(async () => (await readdir(writer.directory)).includes(part));
    }
    const sizes = await Promise.all(
      (await readdir(writer.directory)).map((file) => stat(join(writer.directory, file))),
    );
    assert.ok(sizes.reduce((sum, { size }) => sum + size, 0) <= rotation.fileBytes * rotation.files + 40_000);
    link.isConnected = true;
    await until(() => shipped().at(-1) === 'line 6099');
    const lost = link.lost.get('uid-web/main') ?? 0;
    assert.ok(lost > 0);
    assert.equal(shipped().length + lost, 6100);
  });

  it('counts lines lost while away also when the agent was restarted meanwhile', async () => {
    const [writer] = writers;
    assert.ok(writer !== undefined);
    link.isConnected = false;
    await start();
    for (let round = 0; round < 6; round += 1) {
      await writer.writeMany(numbered(1000, round * 1000));
      const part = `0.log.${String(round + 1)}`;
      await until(async () => (await readdir(writer.directory)).includes(part));
    }
    await restart();
    link.isConnected = true;
    await until(() => shipped().at(-1) === 'line 5999');
    assert.equal(shipped().length + (link.lost.get('uid-web/main') ?? 0), 6000);
  });

  it('lets no quiet container wait for a loud one', async () => {
    const loud = await new LogWriter(logs, 'loud').open();
    const quiet = await new LogWriter(logs, 'quiet').open();
    await loud.writeMany(numbered(150));
    await start();
    for (let round = 1; round <= 5; round += 1) {
      await loud.writeMany(Array.from({ length: 3000 }, () => 'x'.repeat(300)));
      await quiet.write(`quiet ${String(round)}`);
      const began = clock.monotonic();
      await until(() => shipped('quiet').length === round);
      assert.ok(clock.monotonic() - began <= 1500);
    }
  });

  it('ships long lines one after the other, without a pause between', async () => {
    const long = Array.from({ length: 60 }, (_, index) => `${String(index)} ${'x'.repeat(30_000)}`);
    await writers[0]?.writeMany(long);
    await start({ ...rotation, fileBytes: 10 << 20 });
    const begin = clock.monotonic();
    await until(() => shipped().length === long.length);
    assert.deepEqual(shipped(), long);
    assert(clock.monotonic() - begin < 500, `${String(clock.monotonic() - begin)} ms`);
  });

  it('sends again what a controller has forgotten, as far as it is still there', async () => {
    const [writer] = writers;
    assert.ok(writer !== undefined);
    await start();
    await writer.writeMany(numbered(100));
    await until(() => shipped().length === 100);
    link.lines.clear();
    await writer.write('line 100');
    await until(() => shipped().length === 101);
    assert.deepEqual(shipped(), numbered(101));
  });

  it('drops doubles when the controller knows more than this node remembers', async () => {
    const [writer] = writers;
    assert.ok(writer !== undefined);
    await writer.writeMany(numbered(100));
    await start();
    await until(() => shipped().length === 100);
    await scope.close();
    await rm(join(root, 'state'), { recursive: true });
    await restart();
    await writer.write('line 100');
    await until(() => shipped().length === 101);
    assert.deepEqual(shipped(), numbered(101));
  });

  it('ships the last lines of a pod before its files go', async () => {
    const [writer] = writers;
    assert.ok(writer !== undefined);
    const node = await start();
    writer.isRunning = false;
    await writer.writeMany(numbered(800));
    let isDrained = false;
    void node.drain(pod('web'), scope.signal).then(() => (isDrained = true));
    await until(() => isDrained);
    assert.equal(shipped().length, 800);
    kept = [];
    node.release(pod('web'));
    await until(async () => (await readdir(logs)).length === 0);
    assert.deepEqual(await readdir(join(root, 'state/logs')), []);
  });

  it('keeps the files of a pod that is gone until they are shipped, and no longer than an hour', async () => {
    const [writer] = writers;
    assert.ok(writer !== undefined);
    link.isConnected = false;
    const node = await start();
    await writer.write('one');
    writer.isRunning = false;
    await node.drain(pod('web'), scope.signal);
    kept = [];
    node.release(pod('web'));
    await clock.advance(1_800_000);
    assert.equal((await readdir(logs)).length, 1);
    await clock.advance(1_900_000);
    await until(async () => (await readdir(logs)).length === 0);
  });
});
