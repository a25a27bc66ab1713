import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { hasReason } from '../../shared/errors.ts';
import { until } from '../support/until.ts';
import {
  aContainer,
  aSandbox,
  exited,
  logLines,
  ranToEnd,
  started,
  statusOf,
  type RuntimeBench,
} from './runtime-bench.ts';
import { needsLimit } from '../support/needs-limit.ts';

/** Part of the suite in runtime-driver.ts. */
export function lifeTests(given: () => RuntimeBench): void {
  it('ends with the code of its command, and says when', async () => {
    const status = await ranToEnd(given(), 'echo out; echo err >&2; exit 3');
    assert.equal(status.exitCode, 3);
    assert.equal(status.reason, 'Error');
    assert.ok(status.createdAt <= status.startedAt && status.startedAt <= status.finishedAt);
    const lines = await logLines(status.logPath);
    assert.deepEqual(lines.map(({ stream, tag, text }) => `${stream} ${tag} ${text}`).sort(), [
      'stderr F err',
      'stdout F out',
    ]);
    assert.ok(lines.every(({ time }) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|\+00:00)$/.test(time)));
  });

  it('is completed when its command ends with 0', async () => {
    assert.equal((await ranToEnd(given(), 'true')).reason, 'Completed');
  });

  it('ends with 128 and the signal when it is killed by one', async () => {
    const status = await ranToEnd(given(), 'sh -c "kill -SEGV \\$\\$"; exit $?');
    assert.equal(status.exitCode, 139);
  });

  it('is listed as created until it is started', async () => {
    const bench = given();
    const id = await bench.driver.createContainer(aContainer(bench, await aSandbox(bench), 'true'));
    assert.equal((await statusOf(bench, id)).state, 'created');
    assert.equal((await statusOf(bench, id)).startedAt, 0);
  });

  it('refuses a second one of the same attempt', async () => {
    const bench = given();
    const config = aContainer(bench, await aSandbox(bench), 'true');
    await bench.driver.createContainer(config);
    await assert.rejects(bench.driver.createContainer(config), (error) => hasReason(error, 'AlreadyExists'));
  });

  it('has the environment of the image, overlaid with its own', async () => {
    const env = [
      { name: 'IMAGE', value: 'mine' },
      { name: 'A', value: 'b=c d' },
    ];
    const { output } = await ranToEnd(given(), 'echo "$IMAGE $A $PATH"; pwd', { env, workingDir: '/made/for/it' });
    assert.equal(output, 'mine b=c d /bin\n/made/for/it');
  });

  it('takes a relative working directory from the root', async () => {
    assert.equal((await ranToEnd(given(), 'pwd', { workingDir: 'usr/app' })).output, '/usr/app');
  });

  it('fails to start with the words of the runtime when there is no such command', async () => {
    const bench = given();
    const config = { ...aContainer(bench, await aSandbox(bench), ''), command: ['/nope'] };
    const id = await bench.driver.createContainer(config);
    await assert.rejects(
      bench.driver.startContainer(id),
      (error) => hasReason(error, 'BadRequest') && error.message.includes('/nope'),
    );
    const status = await statusOf(bench, id);
    assert.equal(status.state, 'exited');
    assert.equal(status.reason, 'StartError');
    assert.equal(status.exitCode, 128);
    assert.match(status.message, /\/nope/);
  });

  it('is stopped by the stop signal when it heeds it', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'trap "exit 7" TERM; echo up; while :; do sleep 0.1; done');
    await until(async () => (await logLines((await statusOf(bench, id)).logPath)).length > 0, 'it wrote a line');
    await bench.driver.stopContainer(id, 20_000);
    assert.equal((await statusOf(bench, id)).exitCode, 7);
  });

  it('is killed after its grace period when it ignores the stop signal; a shorter one applies at once', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'trap "" TERM; echo up; while :; do sleep 0.1; done');
    await until(async () => (await logLines((await statusOf(bench, id)).logPath)).length > 0, 'it wrote a line');
    const begin = Date.now();
    const patient = bench.driver.stopContainer(id, 600_000);
    await bench.driver.stopContainer(id, 500);
    await patient;
    const took = Date.now() - begin;
    assert.ok(took >= 450 && took < 3000, `took ${String(took)} ms`);
    assert.equal((await statusOf(bench, id)).exitCode, 137);
    await bench.driver.stopContainer(id, 0);
  });

  it('is told apart when it runs out of memory', async function () {
    await needsLimit(this, 'memory');
    const resources = { memoryLimitBytes: 32 << 20 };
    const status = await ranToEnd(given(), 'exec tail /dev/zero', { resources });
    assert.equal(status.exitCode, 137);
    assert.equal(status.reason, 'OOMKilled');
  });

  it('says so when only a child of it ran out of memory', async function () {
    await needsLimit(this, 'memory');
    const resources = { memoryLimitBytes: 32 << 20 };
    const status = await ranToEnd(given(), 'tail /dev/zero; exit 5', { resources });
    assert.equal(status.exitCode, 5);
    assert.equal(status.reason, 'Error');
    assert.match(status.message, /memory/);
  });

  it('tells its listeners that something happened', async () => {
    const bench = given();
    const listening = new AbortController();
    const seen: string[] = [];
    const done = (async () => {
      for await (const { id } of bench.driver.events(listening.signal)) seen.push(id);
    })();
    const id = await started(bench, await aSandbox(bench), 'exit 0');
    await exited(bench, id);
    await until(() => seen.includes(id), 'the event came');
    listening.abort();
    await done;
  });

  it('writes to a fresh log file when told', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'while :; do echo tick; sleep 0.05; done');
    const { logPath } = await statusOf(bench, id);
    await until(async () => (await logLines(logPath)).length > 2, 'it wrote lines');
    await rename(logPath, `${logPath}.1`);
    await bench.driver.reopenLog(id);
    await until(async () => (await logLines(logPath)).length > 2, 'it wrote lines');
    await bench.driver.stopContainer(id, 0);
  });

  it('is gone after it was removed, running or not, and removing it again succeeds', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    await bench.driver.removeContainer(id);
    assert.ok(!(await bench.driver.listContainers()).some((container) => container.id === id));
    await bench.driver.removeContainer(id);
    await bench.driver.stopContainer(id, 0);
  });

  it('reports what it uses', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench);
    const id = await started(bench, sandbox, 'while :; do :; done');
    await until(async () => {
      const usage = (await bench.driver.usage()).containers.find((container) => container.id === id);
      return usage !== undefined && usage.cpuSeconds > 0.2 && usage.workingSetBytes > 0;
    }, 'it used the processor');
    assert.ok((await bench.driver.usage()).sandboxes.some(({ id: other }) => other === sandbox.id));
    await bench.driver.stopContainer(id, 0);
  });
}
