import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBuildInfo } from '../../controller/build-info.ts';

const commit = '0123456789abcdef0123456789abcdef01234567';

describe('build information', () => {
  let checkout: string;
  beforeEach(() => {
    checkout = mkdtempSync(join(tmpdir(), 'berth-build-'));
    mkdirSync(join(checkout, '.git/refs/heads'), { recursive: true });
    mkdirSync(join(checkout, 'dist/controller'), { recursive: true });
  });
  afterEach(() => rmSync(checkout, { recursive: true }));

  const commitWith = (files: Record<string, string>): string => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(checkout, '.git', name), text);
    return readBuildInfo(join(checkout, 'controller')).gitCommit;
  };

  it('finds the commit of a branch, packed or not, and of no branch', () => {
    assert.equal(commitWith({}), '');
    assert.equal(commitWith({ HEAD: `${commit}\n` }), commit);
    assert.equal(commitWith({ HEAD: 'ref: refs/heads/main\n' }), '');
    assert.equal(commitWith({ 'packed-refs': `# pack-refs\n${commit} refs/heads/main\n` }), commit);
    assert.equal(commitWith({ 'refs/heads/main': `${commit.replace('0', 'f')}\n` }), commit.replace('0', 'f'));
  });

  it('knows when a built program was built', () => {
    assert.equal(readBuildInfo(join(checkout, 'dist/controller')).buildDate, '');
    writeFileSync(join(checkout, 'dist/controller/main.js'), '');
    assert.match(readBuildInfo(join(checkout, 'dist/controller')).buildDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(readBuildInfo(join(checkout, 'controller')).buildDate, '');
  });
});
