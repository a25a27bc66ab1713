import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CertificateAuthority } from '../../controller/certificates/authority.ts';
import { BusAuthority } from '../../controller/nodes/jwt.ts';
import { parseVersion, renderConfig, serverName } from '../../controller/nodes/nats-config.ts';
import { pruneLogs } from '../../controller/nodes/nats-health.ts';
import { NatsServer } from '../../controller/nodes/nats-server.ts';
import { NatsBus } from '../../shared/bus/nats-bus.ts';
import { createUserKey } from '../../shared/bus/nats-user.ts';
import { inboxPrefix } from '../../shared/bus/subjects.ts';
import { systemClock } from '../../shared/clock.ts';
import { silentLogger } from '../../shared/log.ts';
import { identifyProcess } from '../../shared/process-identity.ts';
import { BusBench } from '../bus/bus-bench.ts';
import { until } from '../support/until.ts';

describe('NatsServer', function () {
  this.timeout(30_000);
  let bench: BusBench;

  beforeEach(async () => {
    bench = await BusBench.open();
  });
  afterEach(async () => bench.close());

  it('is adopted by the next controller, and agents notice nothing', async () => {
    const node = await bench.node('n1');
    let reconnects = 0;
    node.onReconnect(() => (reconnects += 1));
    const { pid } = bench.server;
    await bench.server.release();
    bench.server = bench.newServer();
    await bench.server.start();
    assert.equal(bench.server.pid, pid);
    assert.ok(bench.server.wasAdopted);
    // Keys are the same: what the next controller issues is good here.
    await (await bench.controller()).flush();
    await node.flush();
    assert.equal(reconnects, 0);
  });

  it('starts a server that died, and watches an adopted one too', async () => {
    await bench.server.release();
    bench.server = bench.newServer();
    await bench.server.start();
    const { pid } = bench.server;
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await until(() => bench.server.pid !== pid, 'another server', { withinMs: 10_000 });
    await (await bench.controller()).flush();
  });

  it('does not take a stranger with the number of its server for its server', async () => {
    await bench.server.stop();
    await writeFile(join(bench.directory, 'bus/nats-server.pid'), String(process.pid));
    bench.server = bench.newServer();
    await bench.server.start();
    assert.ok(!bench.server.wasAdopted);
    assert.notEqual(bench.server.pid, process.pid);
  });

  it('says why it cannot start when the port is taken', async () => {
    await bench.server.stop();
    const port = Number(new URL(bench.server.url.replace('tls', 'http')).port);
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    await assert.rejects(bench.newServer().start(), /address already in use/);
    await new Promise((resolve) => other.close(resolve));
  });

  it('says what to install when there is no server', async () => {
    const server = new NatsServer({
      directory: join(bench.directory, 'other'),
      listen: { host: '127.0.0.1', port: 1 },
      authority: bench.authority,
      clock: systemClock,
      log: silentLogger,
      binary: 'nats-server-that-is-not-there',
    });
    await assert.rejects(server.start(), /not installed.*install the package "nats-server"/);
  });

  it('stops its server, twice', async () => {
    const { pid } = bench.server;
    assert.ok(pid);
    await bench.server.stop();
    await bench.server.stop();
    await until(() => identifyProcess(pid) === undefined, 'it is gone');
  });

  it('drops a node whose key was revoked, and nobody else', async () => {
    const { seed, publicKey } = createUserKey();
    const jwt = await bench.authority.issueNode('old', publicKey);
    const old = await bench.connect('old', { jwt, seed }, inboxPrefix('old'));
    const other = await bench.node('other');
    let reconnects = 0;
    other.onReconnect(() => (reconnects += 1));
    await bench.server.revoke(publicKey);
    await until(() => !old.isConnected, 'it is out');
    await other.flush();
    assert.equal(reconnects, 0);
    // It stays out when the next controller starts the server anew.
    await bench.server.stop();
    bench.server = bench.newServer();
    await bench.server.start();
    await until(() => other.isConnected, 'others are back', { withinMs: 10_000 });
    assert.ok(!old.isConnected);
  });

  it('loses none of many keys that are revoked at once', async () => {
    const users = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (name) => {
        const { seed, publicKey } = createUserKey();
        const jwt = await bench.authority.issueNode(name, publicKey);
        return { publicKey, bus: await bench.connect(name, { jwt, seed }, inboxPrefix(name)) };
      }),
    );
    await Promise.all(users.map(({ publicKey }) => bench.server.revoke(publicKey)));
    assert.deepEqual(
      users.filter(({ publicKey }) => !bench.authority.isRevoked(publicKey)),
      [],
    );
    await until(() => users.every(({ bus }) => !bus.isConnected), 'all are out');
  });

  it('takes a new certificate without a restart, and disturbs nobody while it is the same', async () => {
    const node = await bench.node('n1');
    let reconnects = 0;
    node.onReconnect(() => (reconnects += 1));
    const { pid } = bench.server;
    await bench.server.reload();
    await (await bench.controller()).flush();
    await node.flush();
    assert.equal(reconnects, 0);
    const other = await CertificateAuthority.create(systemClock);
    const { certificate, privateKey } = await other.issueServerCertificate(['localhost', '127.0.0.1']);
    await writeFile(join(bench.directory, 'server.crt'), certificate);
    await writeFile(join(bench.directory, 'server.key'), privateKey);
    await bench.server.reload();
    assert.equal(bench.server.pid, pid);
    const { jwt, seed } = await bench.authority.controllerCredentials();
    const bus = new NatsBus({
      name: 'new',
      servers: [bench.server.url],
      ca: other.credential.certificate,
      credentials: { jwt: () => jwt, seed },
      log: silentLogger,
    });
    await bus.ready();
    await bus.close();
  });

  it('names a damaged file of its keys, and what to do', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'berth-bus-keys-'));
    try {
      await BusAuthority.open(directory, systemClock);
      for (const [name, message] of [
        ['keys.json', /keys of the bus in \S+keys\.json are damaged; .*remove it and claims\.json/],
        ['claims.json', /claims\.json is damaged; .*remove it/],
      ] as const) {
        const file = join(directory, name);
        const kept = await readFile(file, 'utf8');
        for (const text of ['', 'null', '{}', '\0\xff', kept.slice(0, kept.length / 2), kept.replace(/S[OA]/, 'XX')]) {
          if (name === 'claims.json' && text.length === kept.length) continue;
          await writeFile(file, text);
          await assert.rejects(BusAuthority.open(directory, systemClock), message);
        }
        await writeFile(file, kept);
        await BusAuthority.open(directory, systemClock);
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('keeps its keys to itself', async () => {
    assert.equal((await stat(join(bench.directory, 'bus/keys.json'))).mode & 0o777, 0o600);
    assert.equal((await stat(join(bench.directory, 'bus'))).mode & 0o777, 0o700);
    const config = await readFile(join(bench.directory, 'bus/nats-server.conf'), 'utf8');
    const keys = Object.values(JSON.parse(await readFile(join(bench.directory, 'bus/keys.json'), 'utf8')) as object);
    for (const seed of keys as string[]) assert.ok(!config.includes(seed));
  });

  it('listens nowhere but where it is asked to, and answers nobody about itself', async () => {
    const pid = String(bench.server.pid);
    const open = await Promise.all(
      (await readdir(`/proc/${pid}/fd`)).map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')),
    );
    const tables = await Promise.all(['tcp', 'tcp6'].map((name) => readFile(`/proc/net/${name}`, 'utf8')));
    const listening = tables.flatMap((table) =>
      table.split('\n').flatMap((line) => {
        const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
        return state === '0A' && open.includes(`socket:[${inode}]`) ? [parseInt(local.split(':')[1] ?? '', 16)] : [];
      }),
    );
    assert.deepEqual(listening, [Number(new URL(bench.server.url).port)]);
  });
});

describe('renderConfig', () => {
  it('writes nothing that an older server does not know', async () => {
    const bench = await BusBench.open();
    const claims = (await BusAuthority.open(join(bench.directory, 'bus'), systemClock)).serverClaims;
    await bench.close();
    const config = {
      listen: { host: '127.0.0.1', port: 7422 },
      tls: { certFile: '/a "quoted" path', keyFile: '/k', fingerprint: 'f' },
      logFile: '/l',
      claims,
    };
    const old = renderConfig(config, { major: 2, minor: 9, patch: 10 });
    const young = renderConfig(config, { major: 2, minor: 10, patch: 27 });
    assert.ok(!old.includes('min_version') && young.includes('min_version'));
    assert.ok(old.includes('"/a \\"quoted\\" path"'));
    assert.equal(serverName(config), serverName({ ...config, claims: { ...claims, operatorJwt: 'another' } }));
    assert.notEqual(serverName(config), serverName({ ...config, listen: { host: '127.0.0.1', port: 1 } }));
    assert.deepEqual(parseVersion('nats-server: v2.10.27'), { major: 2, minor: 10, patch: 27 });
  });
});

describe('pruneLogs', () => {
  it('keeps the newest of what was put aside, and everything else', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'berth-logs-'));
    const names = ['2026.01.01', '2026.01.02', '2026.01.03', '2026.01.04', '2026.01.05'];
    for (const name of names) await writeFile(join(directory, `nats-server.log.${name}`), '');
    for (const name of ['nats-server.log', 'keys.json']) await writeFile(join(directory, name), '');
    await pruneLogs(join(directory, 'nats-server.log'));
    assert.deepEqual((await readdir(directory)).sort(), [
      'keys.json',
      'nats-server.log',
      'nats-server.log.2026.01.03',
      'nats-server.log.2026.01.04',
      'nats-server.log.2026.01.05',
    ]);
    await rm(directory, { recursive: true });
  });
});
