import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';
import { berthArguments } from './control-plane.ts';

/** Processes that this one has started and that still live. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

describe('berth up and its programs', function () {
  this.timeout(120_000);
  let directory: string;
  let up: ChildProcess;
  let output = '';
  let errors = '';

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-up-'));
    const [api, bus, metrics] = await freePorts(3);
    const args = ['up', '--no-agent', '--data-dir', join(directory, 'data'), '--log-level', 'error'];
    args.push('--api-listen', `127.0.0.1:${api}`, '--bus-listen', `127.0.0.1:${bus}`);
    args.push('--metrics-listen', `127.0.0.1:${metrics}`);
    up = spawn(process.execPath, [...berthArguments, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    up.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
    up.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  });
  afterEach(async () => {
    if (up.exitCode === null) {
      const ended = once(up, 'exit');
      up.kill('SIGTERM');
      await ended;
    }
    await rm(directory, { recursive: true, force: true });
  });

  it('comes up although the controller is killed while it starts', async () => {
    await until(() => childrenOf(up.pid ?? 0).length > 0, 'the controller runs', { everyMs: 1 });
    process.kill(childrenOf(up.pid ?? 0)[0] ?? 0, 'SIGKILL');
    const isReady = (): boolean => {
      assert.match(output, /^berth ready /m, errors);
      return true;
    };
    await until(isReady, 'berth is ready', { withinMs: 60_000 });
    assert.match(errors, /the controller ended with SIGKILL; starting it again/);
  });
});
