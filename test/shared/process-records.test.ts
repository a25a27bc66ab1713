import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimProcess, forgetProcess, livingProcesses, recordProcess } from '../../shared/process-records.ts';

describe('process records', () => {
  let dataDir: string;
  let other: ChildProcess;

  before(async () => {
    other = spawn('sleep', ['1000']);
    await once(other, 'spawn');
  });
  after(async () => {
    const ended = once(other, 'exit');
    other.kill('SIGKILL');
    await ended;
  });
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'berth-records-'));
  });
  afterEach(async () => rm(dataDir, { recursive: true, force: true }));

  const names = (): string[] => livingProcesses(dataDir).map(({ name }) => name);

  it('tells of those that live', () => {
    recordProcess(dataDir, 'other', other.pid ?? 0);
    recordProcess(dataDir, 'up', process.pid, { api: 'https://127.0.0.1:1' });
    assert.deepEqual(names().sort(), ['other', 'up']);
    forgetProcess(dataDir, 'up');
    assert.deepEqual(names(), ['other']);
    assert.deepEqual(readdirSync(join(dataDir, 'processes')), ['other.json']);
  });

  it('passes over damaged files', async () => {
    recordProcess(dataDir, 'up', process.pid);
    for (const [at, text] of ['', 'null', '[]', '{"pid": "x"}', '{"name": "half", "pi'].entries()) {
      await writeFile(join(dataDir, 'processes', `damaged-${at}.json`), text);
    }
    assert.deepEqual(names(), ['up']);
  });

  it('gives a name to one living process', async () => {
    recordProcess(dataDir, 'up', other.pid ?? 0);
    assert.equal(claimProcess(dataDir, 'up')?.pid, other.pid);
    assert.equal(livingProcesses(dataDir)[0]?.pid, other.pid);
    await writeFile(join(dataDir, 'processes', 'up.json'), '{"half');
    assert.equal(claimProcess(dataDir, 'up'), undefined);
    assert.equal(claimProcess(dataDir, 'up'), undefined);
    assert.equal(livingProcesses(dataDir)[0]?.pid, process.pid);
  });
});
