import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ContainerId, SandboxId } from '../../../agent/runtime/driver.ts';
import { ContainerTable } from '../../../agent/runtime/oci/container-table.ts';
import { type ContainerRecord, RecordFiles } from '../../../agent/runtime/oci/records.ts';
import { hasReason } from '../../../shared/errors.ts';

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

describe('ContainerTable', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-table-'));
  });
  afterEach(async () => rm(directory, { recursive: true, force: true }));

  it('does not know a container that could not be written down, so that it can be made later', async () => {
    const folder = join(directory, 'records');
    const table = new ContainerTable(new RecordFiles<ContainerRecord>(folder));
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
