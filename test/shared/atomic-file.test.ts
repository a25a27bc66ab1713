import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeHalfWritten, writeFileAtomic } from '../../shared/atomic-file.ts';

describe('files that are replaced whole', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-atomic-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('replaces the content and leaves nothing beside it', async () => {
    const file = join(directory, 'a.json');
    await writeFileAtomic(file, 'one');
    await writeFileAtomic(file, 'two');
    assert.equal(await readFile(file, 'utf8'), 'two');
    assert.deepEqual(await readdir(directory), ['a.json']);
  });

  it('clears what a killed writer left, and nothing else', async () => {
    for (const name of ['a.json', 'a.json.4711.3.tmp', 'b.json.1.1.tmp', 'notes.tmp'])
      await writeFile(join(directory, name), '');
    await removeHalfWritten(directory);
    assert.deepEqual((await readdir(directory)).sort(), ['a.json', 'notes.tmp']);
  });
});
