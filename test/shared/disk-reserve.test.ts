import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskReserve } from '../../shared/disk-reserve.ts';
import { needsRoot } from '../support/needs.ts';

describe('DiskReserve', () => {
  const [slice, whole] = [64 * 1024, 256 * 1024];
  let folder: string;
  const path = (name: string): string => join(folder, name);
  const fill = (): void => {
    assert.throws(() => {
      for (;;) appendFileSync(path('ballast'), Buffer.alloc(4096));
    }, /ENOSPC/);
  };
  const write = (name: string) => async (): Promise<void> => {
    try {
      writeFileSync(path(name), Buffer.alloc(16 * 1024));
    } catch (error) {
      rmSync(path(name), { force: true });
      throw new Error('it cannot be made', { cause: error });
    }
  };

  beforeEach(async function () {
    needsRoot(this); // to mount a small disk
    folder = await mkdtemp(join(tmpdir(), 'berth-reserve-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
  });
  afterEach(async () => {
    if (folder === undefined) return;
    execFileSync('umount', [folder]);
    await rm(folder, { recursive: true });
  });

  it('lets work succeed on a full disk, slice by slice, until nothing is left', async () => {
    const reserve = new DiskReserve(path('reserve'), 4 * whole);
    reserve.take();
    assert.equal(statSync(path('reserve')).size, whole);
    for (let made = 1; made <= whole / slice; made += 1) {
      fill();
      await reserve.lend(write(`work-${made}`));
      assert.equal(existsSync(path('reserve')) ? statSync(path('reserve')).size : 0, whole - made * slice);
    }
    fill();
    await assert.rejects(reserve.lend(write('last')), /it cannot be made/);
  });

  it('gives more when others were faster, and nothing for work that fails for another reason', async () => {
    const reserve = new DiskReserve(path('reserve'), 4 * whole);
    reserve.take();
    let greedy = 2;
    await reserve.lend(async () => {
      if (greedy > 0) fill();
      greedy -= 1;
      await write('work')();
    });
    assert.equal(statSync(path('reserve')).size, whole - 2 * slice);
    await assert.rejects(
      reserve.lend(() => Promise.reject(new Error('refused'))),
      /refused/,
    );
    assert.equal(statSync(path('reserve')).size, whole - 2 * slice);
  });

  it('is whole again as soon as there is room, also for a process that starts anew', async () => {
    const reserve = new DiskReserve(path('reserve'), 4 * whole);
    reserve.take();
    fill();
    await reserve.lend(write('work'));
    reserve.take();
    assert.equal(statSync(path('reserve')).size, whole - slice);
    rmSync(path('ballast'));
    const later = new DiskReserve(path('reserve'), 4 * whole);
    later.take();
    assert.equal(statSync(path('reserve')).size, whole);
    later.take();
    assert.equal(statSync(path('reserve')).size, whole);
  });
});
