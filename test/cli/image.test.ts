import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsRegistry, type RealRegistry, startRegistry } from '../agent/images/real-registry.ts';
import { busyboxFiles } from '../agent/images/sample-images.ts';
import { makeTar } from '../agent/images/tar-builder.ts';

const main = join(import.meta.dirname, '../../cli/main.ts');

describe('berth image', () => {
  let registry: RealRegistry;
  let folder = '';

  before(async function () {
    needsRegistry(this);
    registry = await startRegistry({ withPassword: true });
    folder = await mkdtemp(join(tmpdir(), 'berth-cli-image-'));
  });

  after(async () => {
    await registry?.close();
    if (folder !== '') await rm(folder, { recursive: true, force: true });
  });

  function berth(words: string[], input = ''): { status: number | null; stdout: string; stderr: string } {
    const args = [main, 'image', ...words, '--data-dir', join(folder, 'data')];
    const env = { ...process.env, DOCKER_CONFIG: folder };
    return spawnSync(process.execPath, args, { encoding: 'utf8', input, env });
  }

  it('makes an image, sends it, lists it, removes it and gets it back', async function () {
    this.timeout(60_000);
    const name = `${registry.host}/made:1`;
    const tar = join(folder, 'rootfs.tar');
    await writeFile(tar, makeTar(await busyboxFiles()));
    const made = berth(['import', tar, name, '--cmd', '/bin/sh', '--env', 'A=b']);
    assert.equal(made.status, 0, made.stderr);
    const refused = berth(['push', name]);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /answered 401.*log in/);
    const login = ['--username', 'robot', '--password-stdin'];
    assert.equal(berth(['push', name, ...login], 'secret\n').status, 0);
    const [listed] = JSON.parse(berth(['ls', '-o', 'json']).stdout) as { references: string[]; id: string }[];
    assert.deepEqual(listed?.references, [name]);
    assert.match(berth(['ls']).stdout, /^REPOSITORY .*\n127\.0\.0\.1:\d+\/made +1 +[0-9a-f]{12} /);
    assert.equal(berth(['rm', name]).status, 0);
    assert.equal(berth(['rm', name]).status, 1);
    const auths = { [registry.host]: { auth: Buffer.from('robot:secret').toString('base64') } };
    await writeFile(join(folder, 'config.json'), JSON.stringify({ auths }));
    assert.equal(berth(['pull', name]).stdout.trim(), `${name} ${listed?.id ?? ''}`);
  });

  it('tells wrong use from failure', () => {
    assert.equal(berth(['import', '/nowhere.tar', 'a:1']).status, 2);
    assert.equal(berth(['ls', '-o', 'csv']).status, 2);
    assert.equal(berth(['pull', 'Not A Name']).status, 1);
    assert.equal(berth(['pull', 'a', '--username', 'me']).status, 2);
  });
});
