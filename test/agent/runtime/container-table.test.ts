import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerId, SandboxId } from '../../../agent/runtime/driver.ts';
import { ContainerTable } from '../../../agent/runtime/oci/container-table.ts';
import { type ContainerRecord, RecordFiles } from '../../../agent/runtime/oci/records.ts';
import { hasReason } from '../../../shared/errors.ts';
import { needsRoot } from '../../support/needs.ts';

function aRecord(id: string): ContainerRecord {
  return {
    id: id as ContainerId,
    sandbox: 'sandbox-1' as SandboxId,
    pod: { namespace: 'default', name: 'pod', uid: 'uid' },
    name: 'main',
    attempt: 1,
    image: 'image',
    imageId: 'image-id',
    specHash: '',
    logPath: '/log',
    createdAt: 0,
    startedAt: 0,
    finishedAt: 0,
    exitCode: 0,
    reason: '',
    message: '',
    bootId: 'boot',
    phase: 'making',
    runtime: 'runc',
    tty: false,
    stdin: false,
    stopSignal: 15,
  };
}

describe('RecordFiles on a full disk', () => {
  let directory: string;
  let disk: string;
  before(async function () {
    needsRoot(this); // to mount a small disk
    directory = await mkdtemp(join(tmpdir(), 'berth-records-'));
    disk = join(directory, 'disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
  });
  after(async () => {
    if (directory === undefined) return;
    execFileSync('umount', [disk]);
    await rm(directory, { recursive: true });
  });

  it('adds, changes and removes records as ever, also for a process that starts anew', async () => {
    const open = (): RecordFiles<ContainerRecord> => new RecordFiles(join(disk, 'records'), join(directory, 'memory'));
    const phases = async (): Promise<string[]> => (await open().load()).map(({ id, phase }) => `${id} ${phase}`).sort();
    const before = open();
    await before.load();
    for (const id of ['changed', 'removed', 'left']) await before.save(aRecord(id));
    const ballast = join(disk, 'ballast');
    assert.throws(() => {
      for (;;) appendFileSync(ballast, Buffer.alloc(4096));
    }, /ENOSPC/);
    for (const id of ['changed', 'removed', 'added']) await before.save({ ...aRecord(id), phase: 'exited' });
    await before.remove('removed');
    appendFileSync(ballast, Buffer.alloc(4096)); // as fast as a container that goes on writing
    assert.deepEqual(await phases(), ['added exited', 'changed exited', 'left making']);
    await rm(ballast);
    await open().save({ ...aRecord('changed'), phase: 'running' });
    assert.deepEqual(await phases(), ['added exited', 'changed running', 'left making']);
    await open().remove('added');
    assert.deepEqual(await readdir(join(directory, 'memory')), []);
    assert.deepEqual(await phases(), ['changed running', 'left making']);
  });
});

describe('ContainerTable', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-table-'));
  });
  afterEach(async () => rm(directory, { recursive: true, force: true }));

  it('does not know a container that could not be written down, so that it can be made later', async () => {
    const folder = join(directory, 'records');
    const table = new ContainerTable(new RecordFiles<ContainerRecord>(folder, join(directory, 'memory')));
    await assert.rejects(table.add(aRecord('first')), /ENOENT/);
    assert.deepEqual(table.all(), []);
    await mkdir(folder);
    await table.add(aRecord('second'));
    assert.deepEqual(
      table.all().map(({ record }) => record.id),
      ['second'],
    );
    await assert.rejects(table.add(aRecord('third')), (error) => hasReason(error, 'AlreadyExists'));
  });
});
