import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify, isAlive, signalProcess } from '../../../agent/host/processes.ts';
import { run, spawnChild } from '../../../agent/host/run.ts';
import { hasReason } from '../../../shared/errors.ts';
import { until } from '../../support/until.ts';

describe('run', () => {
  it('gives input, output and code', async () => {
    assert.deepEqual(await run('sh', ['-c', 'cat; echo err >&2; exit 3'], { input: 'text' }), {
      code: 3,
      stdout: 'text',
      stderr: 'err\n',
    });
  });

  it('tells signals by 128 and more', async () => {
    assert.equal((await run('sh', ['-c', 'kill -TERM $$'])).code, 143);
  });

  it('keeps the first MiB of output and reads on', async () => {
    const { code, stdout } = await run('sh', ['-c', 'yes | head -c 3000000; exit 4']);
    assert.equal(stdout.length, 1 << 20);
    assert.equal(code, 4);
  });

  it('kills the program and its children when time is over', async () => {
    const script = 'sleep 100 & echo $! > "$1"; wait';
    const directory = await mkdtemp(join(tmpdir(), 'berth-run-'));
    const file = join(directory, 'pid');
    await assert.rejects(run('sh', ['-c', script, 'sh', file], { timeoutMs: 300 }), (error) =>
      hasReason(error, 'Timeout'),
    );
    const pid = Number(await readFile(file, 'utf8'));
    await until(async () => (await identify(pid)) === undefined, 'the child is gone');
    await rm(directory, { recursive: true });
  });

  it('throws the reason of an abort, and when there is no such program', async () => {
    const abort = new AbortController();
    const running = run('sleep', ['100'], { signal: abort.signal });
    abort.abort(new Error('enough'));
    await assert.rejects(running, /enough/);
    await assert.rejects(run('/nope', []), /ENOENT/);
  });

  it('hands on nothing of its own environment but the path', async () => {
    process.env['BERTH_SECRET'] = 'secret';
    assert.doesNotMatch((await run('env', [])).stdout, /secret/);
    delete process.env['BERTH_SECRET'];
  });
});

describe('processes', () => {
  it('are known by more than their number', async () => {
    const child = await spawnChild('sleep', ['100']);
    const identity = await identify(child.pid);
    assert.ok(identity !== undefined);
    const other = { ...identity, startTime: '1' };
    assert.equal(await isAlive(identity), true);
    assert.equal(await isAlive(other), false);
    assert.equal(await signalProcess(other, 'SIGKILL'), false);
    assert.equal(await isAlive({ ...identity, bootId: 'another' }), false);
    assert.equal(await signalProcess(identity, 'SIGKILL'), true);
    assert.equal(await child.exitCode, 137);
    await until(async () => !(await isAlive(identity)), 'it is gone');
    assert.equal(await signalProcess(identity, 'SIGKILL'), false);
  });
});
