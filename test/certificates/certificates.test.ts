import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, connect, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parse } from 'yaml';
import { ensureAdmin, hashToken } from '../../controller/certificates/admin.ts';
import { Pki } from '../../controller/certificates/pki.ts';
import { ManualClock } from '../fakes/manual-clock.ts';

const day = 86_400_000;
const names = ['localhost', '127.0.0.1', '::1', 'host-a'];

describe('certificates', () => {
  let directory: string;
  let clock: ManualClock;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'berth-pki-'));
    clock = new ManualClock(Date.now());
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const openPki = (): Promise<Pki> => Pki.open(join(directory, 'pki'), clock);

  it('keeps keys in files and directories that only the owner can read', async () => {
    const pki = await openPki();
    await pki.serverIdentity('api-server', names);
    await ensureAdmin(pki, join(directory, 'admin.kubeconfig'), 'https://127.0.0.1:7443');
    assert.equal((await stat(pki.directory)).mode & 0o777, 0o700);
    for (const file of await readdir(pki.directory)) {
      assert.equal((await stat(join(pki.directory, file))).mode & 0o777, 0o600, file);
    }
    assert.equal((await stat(join(directory, 'admin.kubeconfig'))).mode & 0o777, 0o600);
  });

  it('uses at the next start what the first one made', async () => {
    const first = await openPki();
    const identity = await first.serverIdentity('api-server', names);
    const second = await openPki();
    assert.equal(second.authority, first.authority);
    assert.deepEqual(await second.serverIdentity('api-server', names), identity);
  });

  const damaged = ['', '\0garbage\n', '-----BEGIN CERTIFICATE-----\nMIIB'];

  it('issues a server certificate anew when its files are damaged', async () => {
    const pki = await openPki();
    const identity = await pki.serverIdentity('bus', names);
    for (const text of damaged) {
      for (const file of ['bus.crt', 'bus.key']) {
        await writeFile(join(pki.directory, file), text);
        const again = await pki.serverIdentity('bus', names);
        assert.notEqual(again.certificate, identity.certificate);
        assert.deepEqual(await pki.serverIdentity('bus', names), again);
      }
    }
  });

  it('refuses a damaged authority, names it, and makes no other one', async () => {
    const pki = await openPki();
    await pki.serverIdentity('bus', names);
    for (const file of ['ca.crt', 'ca.key']) {
      const path = join(pki.directory, file);
      const kept = await readFile(path, 'utf8');
      for (const text of damaged) {
        await writeFile(path, text);
        await assert.rejects(openPki(), new RegExp(`${pki.directory} cannot be used: ${file} is damaged; bring back`));
      }
      await rm(path);
      await assert.rejects(openPki(), new RegExp(`${pki.directory} cannot be used: ${file} is missing; bring back`));
      await writeFile(path, kept);
      assert.equal((await openPki()).authority, pki.authority);
    }
  });

  it('begins again where a first start was killed', async () => {
    const pki = await openPki();
    await rm(join(pki.directory, 'ca.crt'));
    await (await openPki()).serverIdentity('bus', names);
  });

  it('issues server certificates that TLS clients accept under every name, one hour back-dated', async () => {
    const { certificate, privateKey, authority } = await (await openPki()).serverIdentity('api-server', names);
    assert.ok(Date.parse(new X509Certificate(certificate).validFrom) <= clock.now() - 3_599_000);
    const server = createTlsServer({ cert: certificate, key: privateKey }, (socket) => socket.end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const servername of ['localhost', 'host-a']) {
      const socket: TLSSocket = connect({ host: '127.0.0.1', port, servername, ca: authority });
      await once(socket, 'secureConnect');
      assert.equal(socket.authorized, true);
      socket.destroy();
    }
    const byAddress = connect({ host: '127.0.0.1', port, ca: authority });
    await once(byAddress, 'secureConnect');
    byAddress.destroy();
    server.close();
  });

  it('renews a server certificate after two thirds of its life, or when a name is missing', async () => {
    const pki = await openPki();
    const first = await pki.serverIdentity('api-server', names);
    assert.notEqual((await pki.serverIdentity('api-server', [...names, 'host-b'])).certificate, first.certificate);
    const second = await pki.serverIdentity('api-server', names);
    await clock.advance(240 * day);
    assert.deepEqual(await pki.serverIdentity('api-server', names), second);
    await clock.advance(10 * day);
    assert.notEqual((await pki.serverIdentity('api-server', names)).certificate, second.certificate);
  });

  it('replaces a certificate whose key is another one, as a crash between two writes leaves it', async () => {
    const pki = await openPki();
    const first = await pki.serverIdentity('api-server', names);
    const other = await pki.issueServerCertificate(names);
    await writeFile(join(pki.directory, 'api-server.key'), other.privateKey);
    const next = await pki.serverIdentity('api-server', names);
    assert.notEqual(next.certificate, first.certificate);
  });

  it('refuses to start with an authority that has expired', async () => {
    await openPki();
    await clock.advance(3_651 * day);
    await assert.rejects(openPki(), /authority expired/);
  });

  it('issues client certificates with the user as CN and groups as O', async () => {
    const pki = await openPki();
    const { certificate } = await pki.issueClientCertificate('ann', ['system:masters', 'dev']);
    const parsed = new X509Certificate(certificate);
    assert.equal(parsed.subject, 'CN=ann\nO=system:masters\nO=dev');
    assert.ok(parsed.verify(new X509Certificate(pki.authority).publicKey));
    assert.deepEqual(parsed.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  });

  describe('admin kubeconfig', () => {
    const tokenOf = async (path: string): Promise<string> => {
      const { users } = parse(await readFile(path, 'utf8')) as { users: { user: { token: string } }[] };
      return users[0]?.user.token ?? '';
    };

    it('holds a token of which only the hash is on record, and keeps it over restarts', async () => {
      const path = join(directory, 'admin.kubeconfig');
      const records = await ensureAdmin(await openPki(), path, 'https://127.0.0.1:1');
      const token = await tokenOf(path);
      assert.deepEqual(records, [{ sha256: hashToken(token), user: 'berth-admin', groups: ['system:masters'] }]);
      assert.deepEqual(await ensureAdmin(await openPki(), path, 'https://127.0.0.1:2'), records);
      assert.match(await readFile(path, 'utf8'), /"server": "https:\/\/127\.0\.0\.1:2"/);
      const kept = await readFile(join(directory, 'pki', 'admin-token.sha256'), 'utf8');
      assert.ok(!kept.includes(token));
    });

    it('keeps what people have put into the file, with an own cluster, user and context up to date', async () => {
      const path = join(directory, 'admin.kubeconfig');
      await ensureAdmin(await openPki(), path, 'https://127.0.0.1:1');
      const token = await tokenOf(path);
      const config = parse(await readFile(path, 'utf8')) as Record<string, object[]>;
      const theirs = { name: 'a', context: { cluster: 'berth', user: 'berth', namespace: 'shop' } };
      const contexts = [theirs, { name: 'berth', context: { cluster: 'x', user: 'berth', namespace: 'web' } }];
      const users = [{ name: 'a', user: { token: 'other' } }, ...(config['users'] ?? [])];
      await writeFile(path, JSON.stringify({ ...config, users, contexts, 'current-context': 'a' }));
      await ensureAdmin(await openPki(), path, 'https://127.0.0.1:2');
      const after = parse(await readFile(path, 'utf8')) as typeof config & { clusters: { cluster: object }[] };
      assert.deepEqual(after['contexts'], [
        { name: 'berth', context: { cluster: 'berth', user: 'berth', namespace: 'web' } },
        theirs,
      ]);
      assert.deepEqual(after['users'], [{ name: 'berth', user: { token } }, users[0]]);
      assert.equal(after['current-context'], 'a');
      assert.match(JSON.stringify(after.clusters), /127\.0\.0\.1:2/);
    });

    it('makes a new token when the file is lost or altered', async () => {
      const path = join(directory, 'admin.kubeconfig');
      const [first] = await ensureAdmin(await openPki(), path, 'https://127.0.0.1:1');
      await writeFile(path, 'users: [{user: {token: guessed}}]');
      const [second] = await ensureAdmin(await openPki(), path, 'https://127.0.0.1:1');
      assert.notEqual(second?.sha256, first?.sha256);
      assert.equal(second?.sha256, hashToken(await tokenOf(path)));
    });
  });
});
