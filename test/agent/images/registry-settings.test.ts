import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Endpoints, isLoopback } from '../../../agent/images/endpoints.ts';
import { readRegistries, registriesFile } from '../../../agent/images/registry-settings.ts';

describe('registry settings', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'berth-settings-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function read(text: string): ReturnType<typeof readRegistries> {
    await writeFile(registriesFile(folder), text);
    return readRegistries(registriesFile(folder));
  }

  it('are empty without a file', async () => {
    assert.equal((await readRegistries(registriesFile(folder))).size, 0);
    assert.equal((await read('')).size, 0);
  });

  it('are read with the files they name', async () => {
    await writeFile(join(folder, 'secret'), 'hunter2\n');
    await writeFile(join(folder, 'ca.pem'), 'CERT');
    const registries = await read(`
registries:
  index.docker.io:
    mirrors: [https://mirror.example.com]
  r.example.com:5000:
    ca: ca.pem
    plainHttp: true
    username: robot
    passwordFile: secret
  other.example.com:
`);
    assert.deepEqual(registries.get('docker.io')?.mirrors, ['https://mirror.example.com']);
    const { ca, username, password } = registries.get('r.example.com:5000') ?? {};
    assert.deepEqual({ ca, username, password }, { ca: 'CERT', username: 'robot', password: 'hunter2' });
    assert.equal(registries.get('other.example.com')?.skipVerify, false);
    const endpoints = new Endpoints(registries);
    assert.deepEqual(
      endpoints.forPull('docker.io').map(({ base }) => base),
      ['https://mirror.example.com', 'https://registry-1.docker.io'],
    );
    assert.equal(endpoints.itself('r.example.com:5000').base, 'http://r.example.com:5000');
  });

  it('say what is wrong with them', async () => {
    await assert.rejects(read('registries: [a]'), /registries.yaml: registries must be a mapping/);
    await assert.rejects(read('registries: {a: {mirror: x}}'), /a: unknown key "mirror"/);
    await assert.rejects(read('registries: {a: {mirrors: [mirror.example.com]}}'), /is not an http or https URL/);
    await assert.rejects(read('registries: {a: {skipVerify: "no"}}'), /must be true or false/);
    await assert.rejects(read('registries: {a: {ca: missing.pem}}'), /ENOENT/);
  });

  it('allow plain HTTP for loopback only', () => {
    const endpoints = new Endpoints(new Map());
    for (const host of ['127.0.0.1:5000', '127.1.2.3', 'localhost', 'LOCALHOST:80', '[::1]:5000']) {
      assert.ok(isLoopback(host), host);
      assert.equal(new URL(endpoints.itself(host).base).protocol, 'http:');
    }
    for (const host of [
      '10.0.0.1',
      '127.0.0.1.example.com',
      'localhost.example.com',
      'example.com:127',
      '[::2]:5000',
    ]) {
      assert.ok(!isLoopback(host), host);
      assert.equal(new URL(endpoints.itself(host).base).protocol, 'https:');
    }
  });
});
