import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, statfs } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../support/free-ports.ts';
import { needsRoot } from '../support/needs.ts';

const program = join(import.meta.dirname, '../../controller/main.ts');

describe('controller on a disk without a free byte', function () {
  this.timeout(60_000);
  let folder: string;
  let child: ChildProcess | undefined;
  before(async function () {
    needsRoot(this); // to mount a small disk
    folder = await mkdtemp(join(tmpdir(), 'berth-controller-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', folder]);
  });
  after(async () => {
    if (folder === undefined) return;
    if (child?.exitCode === null && child.kill('SIGTERM')) await once(child, 'exit');
    execFileSync('umount', [folder]);
    await rm(folder, { recursive: true });
  });

  it('starts, serves what is stored, and stores again when there is space', async () => {
    const flags = ['--data-dir', folder];
    const [api, bus, metrics] = await freePorts(3);
    for (const [name, port] of Object.entries({ api, bus, metrics })) {
      flags.push(`--${name}-listen`, `127.0.0.1:${port}`);
    }
    const start = async (): Promise<void> => {
      child = fork(program, flags, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
      let words = '';
      child.stderr?.on('data', (text: Buffer) => (words += text.toString()));
      for (;;) {
        const [news] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [object | number | null];
        assert.ok(typeof news === 'object' && news !== null, `it ended: ${words}`);
        if ('ready' in news) return;
      }
    };
    const stop = async (): Promise<void> => {
      child?.kill('SIGTERM');
      assert.deepEqual(await once(child!, 'exit'), [0, null]);
    };
    const ballast = join(folder, 'ballast');
    const create = async (name: string): Promise<number> => {
      const text = await readFile(join(folder, 'admin.kubeconfig'), 'utf8');
      const { users } = JSON.parse(text) as { users: { user: { token: string } }[] };
      const body = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
      const headers = { authorization: `Bearer ${users[0]?.user.token}`, 'content-type': 'application/json' };
      const url = `https://127.0.0.1:${api}/api/v1/namespaces`;
      const asking = request(url, { method: 'POST', headers, rejectUnauthorized: false, agent: false }).end(body);
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      response.resume();
      return response.statusCode ?? 0;
    };

    await start();
    await stop();
    assert.throws(() => {
      for (;;) appendFileSync(ballast, Buffer.alloc(4096));
    }, /ENOSPC/);
    await start();
    const { bavail } = await statfs(folder);
    assert.ok(bavail < 1024, 'the disk is still full');
    assert.equal(await create('refused'), 503);
    await rm(ballast);
    assert.equal(await create('stored'), 201);
    await stop();
  });
});
