import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../controller/store/sqlite-store.ts';

const kills = 50;
const program = join(import.meta.dirname, 'writer-process.ts');

describe('SQLite state file under kill -9', function () {
  this.timeout(120_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-kill-'));
    // Only a process that ends by itself leaves its compiled code; with it the next ones start in half the time.
    await once(startWriter(folder, join(folder, 'first.db')), 'close');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it(`has every acknowledged write after ${kills} kills, each with its version`, async () => {
    const paths = ['one.db', 'two.db'].map((name) => join(folder, name));
    await Promise.all(paths.map((path) => killOften(folder, path, kills / paths.length)));
  });
});

async function killOften(folder: string, path: string, times: number): Promise<void> {
  const acknowledged = new Map<string, number>();
  for (let run = 0; run < times; run += 1) {
    for (const [name, version] of await writeUntilKilled(startWriter(folder, path, String(run)), 5 + run * 8))
      acknowledged.set(name, version);
  }
  const store = await openSqliteStore(path);
  const { objects, version } = await store.load();
  await store.close();
  const found = new Map(objects.map(({ key, object }) => [key.name, Number(object.metadata.resourceVersion)]));
  const lost = [...acknowledged].filter(([name, at]) => found.get(name) !== at);
  assert.deepEqual(lost, []);
  assert.ok(acknowledged.size > times, `only ${acknowledged.size} writes were acknowledged`);
  assert.equal(new Set(found.values()).size, found.size, 'a version was given twice');
  assert.ok(version >= Math.max(...found.values()));
}

function startWriter(folder: string, path: string, ...run: string[]) {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') };
  return spawn(process.execPath, [program, path, ...run], { env, stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Kills the writer in the middle of its work, after it has acknowledged `least` writes. */
async function writeUntilKilled(child: ReturnType<typeof startWriter>, least: number): Promise<[string, number][]> {
  const closed = once(child, 'close');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > least) child.kill('SIGKILL');
  });
  await closed;
  assert.equal(child.signalCode, 'SIGKILL');
  const complete = output.slice(0, output.lastIndexOf('\n')).split('\n');
  return complete.map((line) => {
    const [name = '', version] = line.split(' ');
    return [name, Number(version)];
  });
}
