import assert from 'node:assert/strict';
import { chmod, mkdtemp, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { AuditFile, openAudit } from '../../../controller/api/audit/audit-file.ts';
import { AuditWriter, type AuditOutput, type AuditWriterDeps } from '../../../controller/api/audit/audit-writer.ts';
import { silentLogger } from '../../../shared/log.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

/** An output that a test lets fail or hang. */
class FakeOutput implements AuditOutput {
  text = '';
  isFull = false;
  isHung = false;
  async append(lines: string): Promise<void> {
    if (this.isHung) await new Promise(() => undefined);
    if (this.isFull) throw new Error('ENOSPC: no space left on device');
    this.text += lines;
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

describe('audit writer', () => {
  let registry: Registry;
  let clock: ManualClock;
  let output: FakeOutput;
  let deps: Omit<AuditWriterDeps, 'output'>;

  beforeEach(() => {
    registry = new Registry();
    clock = new ManualClock();
    output = new FakeOutput();
    deps = { clock, registry, log: silentLogger };
  });
  const dropped = async (): Promise<number | undefined> =>
    (await registry.getSingleMetric('berth_audit_dropped_total')?.get())?.values[0]?.value;

  it('keeps what fits while the disk is full, counts the rest, and says where lines are missing', async () => {
    const writer = new AuditWriter({ ...deps, output, bufferBytes: 6 });
    output.isFull = true;
    for (const line of ['a\n', 'b\n', 'c\n', 'd\n', 'e\n']) writer.write(line);
    await clock.advance(10_000);
    assert.deepEqual([output.text, await dropped()], ['', 2]);
    output.isFull = false;
    await clock.advance(10_000);
    writer.write('f\n');
    await writer.close();
    const [first, second, third, mark = '', last] = output.text.split('\n');
    assert.deepEqual([first, second, third, last], ['a', 'b', 'c', 'f']);
    const { kind, dropped: count } = JSON.parse(mark) as { kind: string; dropped: number };
    assert.deepEqual([kind, count, await dropped()], ['DroppedEvents', 2, 2]);
  });

  it('does not make a caller wait, nor a stop, for a disk that does not answer', async function () {
    this.timeout(10_000);
    const writer = new AuditWriter({ ...deps, output, bufferBytes: 4 });
    output.isHung = true;
    for (const line of ['a\n', 'b\n', 'c\n']) writer.write(line);
    await writer.close();
    writer.write('d\n');
    assert.equal(await dropped(), 4);
  });

  it('writes all that waits when it is told to stop', async () => {
    const writer = new AuditWriter({ ...deps, output, batchBytes: 3 });
    for (const line of ['a\n', 'b\n', 'c\n']) writer.write(line);
    await Promise.all([writer.close(), writer.close()]);
    assert.deepEqual([output.text, await dropped()], ['a\nb\nc\n', 0]);
  });

  it('tries a failed write once more at the stop', async () => {
    const writer = new AuditWriter({ ...deps, output });
    output.isFull = true;
    writer.write('a\n');
    await clock.advance(0);
    output.isFull = false;
    await writer.close();
    assert.equal(output.text, 'a\n');
  });

  describe('to a file', () => {
    let directory: string;
    let path: string;
    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'berth-audit-'));
      path = join(directory, 'audit.log');
    });
    afterEach(() => rm(directory, { recursive: true, force: true }));

    it('sets it aside when it is large, keeps so many, and all are private', async () => {
      await writeFile(path, 'old\n');
      await chmod(path, 0o644);
      const before = process.umask(0);
      try {
        const file = await AuditFile.open(path, { maxBytes: 8, maxFiles: 3 });
        const writer = new AuditWriter({ ...deps, output: file, batchBytes: 4 });
        for (const line of ['1aa\n', '2aa\n', '3aa\n', '4aa\n', '5aa\n', '6aa\n']) writer.write(line);
        await writer.close();
      } finally {
        process.umask(before);
      }
      const names = (await readdir(directory)).toSorted();
      assert.deepEqual(names, ['audit.log', 'audit.log.1', 'audit.log.2']);
      const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')));
      assert.deepEqual(texts, ['6aa\n', '4aa\n5aa\n', '2aa\n3aa\n']);
      for (const name of names) assert.equal((await stat(join(directory, name))).mode & 0o777, 0o600, name);
    });

    it('goes on in a file that is there', async () => {
      await writeFile(path, 'old\n');
      const writer = await openAudit(path, deps);
      writer?.write('new\n');
      await writer?.close();
      assert.equal(await readFile(path, 'utf8'), 'old\nnew\n');
    });

    it('writes again once a file can be made again', async () => {
      const file = await AuditFile.open(path, { maxBytes: 4, maxFiles: 2 });
      await mkdir(`${path}.1`);
      await file.append('one\n');
      await assert.rejects(file.append('two\n'));
      await rm(`${path}.1`, { recursive: true });
      await file.append('two\n');
      await file.close();
      assert.deepEqual([await readFile(`${path}.1`, 'utf8'), await readFile(path, 'utf8')], ['one\n', 'two\n']);
    });

    it('refuses at the start what it cannot write, and names the flag', async () => {
      await symlink('/dev/null', path);
      const { mode } = await stat('/dev/null');
      for (const wrong of [join(directory, 'none', 'audit.log'), directory, path, '/dev/null']) {
        await assert.rejects(openAudit(wrong, deps), /^SettingsError: --audit-log: cannot write /, wrong);
      }
      assert.equal((await stat('/dev/null')).mode, mode);
      assert.equal(await openAudit('', deps), undefined);
    });
  });
});
