import assert from 'node:assert/strict';
import type { ExecProcess } from '../../agent/runtime/driver.ts';
import { hasReason } from '../../shared/errors.ts';
import { until } from '../support/until.ts';
import { aSandbox, ranToEnd, started, type RuntimeBench } from './runtime-bench.ts';

/** Part of the suite in runtime-driver.ts. */
export function execTests(given: () => RuntimeBench): void {
  it('give their output and code', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'sleep 1000', { env: [{ name: 'A', value: 'b' }] });
    const result = await bench.driver.execSync(id, ['sh', '-c', 'echo $A; echo err >&2; exit 4'], 10_000);
    assert.equal(result.exitCode, 4);
    assert.equal(result.timedOut, false);
    assert.deepEqual(result.output.trim().split('\n').sort(), ['b', 'err']);
  });

  it('are killed with their children when their time is over, and nothing else is', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const begin = Date.now();
    const result = await bench.driver.execSync(id, ['sh', '-c', 'sleep 777 & setsid sleep 778 & wait'], 1000);
    assert.equal(result.timedOut, true);
    assert.ok(Date.now() - begin < 5000);
    const { output } = await bench.driver.execSync(id, ['ps'], 10_000);
    assert.doesNotMatch(output, /sleep 77/);
    assert.match(output, /sleep 1000/);
  });

  it('have a bounded output', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const { output, exitCode } = await bench.driver.execSync(id, ['sh', '-c', 'yes | head -c 3000000'], 20_000);
    assert.equal(output.length, 16 << 10);
    assert.equal(exitCode, 0);
  });

  it('fail with a code and words when there is no such command', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const result = await bench.driver.execSync(id, ['/nope'], 10_000);
    assert.equal(result.exitCode, 127);
    assert.match(result.output, /^[^=]*nope[^=]*\n$/);
    const forbidden = await bench.driver.execSync(id, ['/etc'], 10_000);
    assert.equal(forbidden.exitCode, 126);
  });

  it('fail the same way on a terminal, in one line', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const { signal } = new AbortController();
    const running = await bench.driver.exec(id, { command: ['nope'], tty: true, stdin: true, signal });
    assert.match(await textOf(running), /^[^=]*nope[^=]*\r\n$/);
    assert.equal(await running.exitCode, 127);
  });

  it('take input and end with it', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const { signal } = new AbortController();
    const running = await bench.driver.exec(id, { command: ['cat'], tty: false, stdin: true, signal });
    await running.write(Buffer.from('some text'));
    running.endInput();
    assert.equal(await textOf(running), 'some text');
    assert.equal(await running.exitCode, 0);
  });

  it('may have a terminal, whose size can change', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const { signal } = new AbortController();
    const command = [
      'sh',
      '-c',
      'test -t 0 && echo terminal; read line; until stty size | grep 101; do sleep 0.1; done; exit 9',
    ];
    const running = await bench.driver.exec(id, { command, tty: true, stdin: true, signal });
    running.resize(101, 33);
    await running.write(Buffer.from('go\r'));
    const text = await textOf(running);
    assert.match(text, /terminal/);
    assert.match(text, /33 101/);
    assert.equal(await running.exitCode, 9);
  });

  it('are killed when the caller aborts', async () => {
    const bench = given();
    const id = await started(bench, await aSandbox(bench), 'sleep 1000');
    const caller = new AbortController();
    const command = ['sh', '-c', 'echo up; sleep 779'];
    const running = await bench.driver.exec(id, { command, tty: false, stdin: false, signal: caller.signal });
    const text = textOf(running);
    await until(
      async () => (await bench.driver.execSync(id, ['ps'], 10_000)).output.includes('sleep 779'),
      'the command runs',
    );
    caller.abort();
    assert.notEqual(await running.exitCode, 0);
    await text;
    assert.doesNotMatch((await bench.driver.execSync(id, ['ps'], 10_000)).output, /sleep 779/);
  });

  it('are refused in a container that has ended', async () => {
    const bench = given();
    const { id } = await ranToEnd(bench, 'true');
    await assert.rejects(bench.driver.execSync(id, ['true'], 1000), (error) => hasReason(error, 'Conflict'));
  });
}

async function textOf(process: ExecProcess): Promise<string> {
  let text = '';
  for await (const chunk of process.stdout) text += Buffer.from(chunk).toString('utf8');
  return text;
}
