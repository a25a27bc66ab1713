import assert from 'node:assert/strict';
import { copyFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { joinCluster } from '../../agent/link/join.ts';
import type { NodeIdentity } from '../../agent/link/identity.ts';
import { CertificateAuthority } from '../../controller/certificates/authority.ts';
import { JoinTokens } from '../../controller/nodes/join-tokens.ts';
import { parseJoinToken } from '../../shared/bus/join-token.ts';
import { NatsBus } from '../../shared/bus/nats-bus.ts';
import { joinInboxPrefix, subjects } from '../../shared/bus/subjects.ts';
import { systemClock, type Clock } from '../../shared/clock.ts';
import { hasReason } from '../../shared/errors.ts';
import { silentLogger } from '../../shared/log.ts';
import { aNode } from '../objects.ts';
import { until } from '../support/until.ts';
import { NodesBench } from './nodes-bench.ts';

const hour = 3_600_000;

describe('joining', function () {
  this.timeout(20_000);
  let bench: NodesBench;
  let lifetime: AbortController;

  before(async () => {
    bench = await NodesBench.open();
  });
  after(async () => bench.close());
  beforeEach(() => {
    lifetime = new AbortController();
  });
  afterEach(() => lifetime.abort());

  function asNode(node: string, directory: string, token?: string): Promise<NodeIdentity> {
    return joinCluster({ token, node, directory, clock: systemClock, log: silentLogger, signal: lifetime.signal });
  }

  it('lets a machine in, once, and without a token from then on', async () => {
    const directory = await bench.directory();
    const token = await bench.tokens.create({ ttlMs: hour, uses: 1 });
    const identity = await asNode('alpha', directory, token);
    const again = await asNode('alpha', directory);
    assert.equal(again.credentials.jwt, identity.credentials.jwt);
    const bus = again.connect('control');
    await bus.ready();
    await assert.rejects(bus.request(subjects.upCall('alpha', 'status'), { pods: 'x' }), (error) =>
      hasReason(error, 'BadRequest'),
    );
    await bus.close();
    assert.equal((await stat(join(directory, 'credentials.json'))).mode & 0o777, 0o600);
    assert.equal((await stat(join(directory, 'node.key'))).mode & 0o777, 0o600);
    assert.equal(bench.tokens.list().find(({ id }) => id === parseJoinToken(token).id)?.used, 1);
  });

  it('takes its key from its credentials when the file of the key is damaged', async () => {
    const directory = await bench.directory();
    const token = (): Promise<string> => bench.tokens.create({ ttlMs: hour, uses: 1 });
    const { credentials } = await asNode('damaged-key', directory, await token());
    await bench.store.create('nodes', aNode({ name: 'damaged-key' }));
    for (const text of ['', 'garbage\n', credentials.seed.slice(0, 20)]) {
      await writeFile(join(directory, 'node.key'), text);
      const again = await asNode('damaged-key', directory, await token());
      assert.equal(again.credentials.seed, credentials.seed);
      assert.equal((await readFile(join(directory, 'node.key'), 'utf8')).trim(), credentials.seed);
    }
    await bench.store.remove('nodes', '', 'damaged-key');
  });

  it('makes a new key for a machine that has not joined, when the first was damaged', async () => {
    const directory = await bench.directory();
    await writeFile(join(directory, 'node.key'), 'half');
    const identity = await asNode('half-key', directory, await bench.tokens.create({ ttlMs: hour, uses: 1 }));
    assert.equal((await readFile(join(directory, 'node.key'), 'utf8')).trim(), identity.credentials.seed);
  });

  it('keeps no secret of the token', async () => {
    const token = parseJoinToken(await bench.tokens.create({ ttlMs: hour, uses: 1 }));
    assert.ok(!JSON.stringify(bench.store.list('secrets').items).includes(token.secret));
    const encoded = Buffer.from(token.secret).toString('base64');
    assert.ok(!JSON.stringify(bench.store.list('secrets').items).includes(encoded));
  });

  it('refuses a token that is used up, but not the machine that used it', async () => {
    const token = await bench.tokens.create({ ttlMs: hour, uses: 1 });
    const first = await bench.directory();
    const { credentials } = await asNode('beta', first, token);
    await assert.rejects(asNode('gamma', await bench.directory(), token), (error) => {
      return hasReason(error, 'Unauthorized') && /used up/.test(error.message);
    });
    // Its answer was lost: the same key asks again.
    const other = await bench.directory();
    await copyKey(first, other);
    assert.equal((await asNode('beta', other, token)).credentials.seed, credentials.seed);
  });

  it('gives one use to one of many that come at once', async () => {
    const token = await bench.tokens.create({ ttlMs: hour, uses: 1 });
    const directories = await Promise.all(Array.from({ length: 4 }, () => bench.directory()));
    const results = await Promise.allSettled(
      directories.map((directory, index) => asNode(`race-${index}`, directory, token)),
    );
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('refuses an expired token, a revoked one and a wrong secret', async () => {
    const expired = await bench.tokens.create({ ttlMs: -1, uses: 1 });
    await assert.rejects(asNode('delta', await bench.directory(), expired), /expired/);
    const revoked = await bench.tokens.create({ ttlMs: hour, uses: 1 });
    await bench.tokens.revoke(parseJoinToken(revoked).id);
    await assert.rejects(asNode('delta', await bench.directory(), revoked), /unknown, used up or was revoked/);
    const forged = await bench.tokens.create({ ttlMs: hour, uses: 1 });
    const fields = { ...parseJoinToken(forged), secret: 'guessed' };
    const text = `berth1.${Buffer.from(JSON.stringify(fields)).toString('base64url')}`;
    await assert.rejects(asNode('delta', await bench.directory(), text), (error) => hasReason(error, 'Unauthorized'));
  });

  it('looks at the expiry on the controller too', async () => {
    const past: Clock = { ...systemClock, now: () => Date.now() - 2 * hour };
    const { store } = bench;
    const old = new JoinTokens({
      store,
      authority: bench.bus.authority,
      clock: past,
      revoke: () => Promise.resolve(),
      bus: { urls: [] },
    });
    const { id, secret } = parseJoinToken(await old.create({ ttlMs: hour, uses: 1 }));
    assert.throws(() => bench.tokens.check(id, secret), /expired/);
  });

  it('says what is wrong with garbage', async () => {
    const directory = await bench.directory();
    await assert.rejects(asNode('delta', directory, 'nonsense'), /not a join token/);
    await assert.rejects(asNode('delta', directory, 'berth9.abc'), /another version/);
    await assert.rejects(asNode('delta', directory, 'berth1.abc'), /damaged/);
    await assert.rejects(asNode('delta', directory), /--join/);
  });

  it('refuses a name that another machine has, until the node is deleted', async () => {
    const token = await bench.tokens.create({ ttlMs: hour, uses: 10 });
    const first = (await asNode('taken', await bench.directory(), token)).connect('control');
    await first.ready();
    await bench.store.create('nodes', aNode({ name: 'taken' }));
    const intruder = await bench.directory();
    await assert.rejects(
      asNode('taken', intruder, token),
      (error) => hasReason(error, 'Conflict') && /another key/.test(error.message),
    );
    await bench.store.remove('nodes', '', 'taken');
    await asNode('taken', intruder, token);
    await until(() => !first.isConnected, 'the one before is cut off');
    await first.close();
  });

  it('lets the bearer of a token do nothing but ask', async () => {
    const token = parseJoinToken(await bench.tokens.create({ ttlMs: hour, uses: 1 }));
    const joiner = await bench.bus.connect('joiner', token, joinInboxPrefix(token.id));
    for (const subject of ['>', 'berth.>', 'berth.join', '_INBOX_join_other.>', 'berth.up.>']) {
      const reading = (async () => {
        for await (const _message of joiner.subscribe(subject, lifetime.signal)) break;
      })();
      await assert.rejects(reading, /Permissions Violation/, subject);
    }
    await assert.rejects(joiner.request(subjects.upCall('alpha', 'renew'), {}), (e) => hasReason(e, 'Forbidden'));
    for (const bad of [{}, null, [], 'x', { id: '../x', secret: 's', node: 'n', publicKey: 'U' }]) {
      await assert.rejects(joiner.request(subjects.join(token.id), bad), (e) => hasReason(e, 'BadRequest'));
    }
  });

  it('renews with a credential that is good for nothing else', async () => {
    const token = await bench.tokens.create({ ttlMs: hour, uses: 1 });
    const { credentials } = await asNode('epsilon', await bench.directory(), token);
    const { renewalJwt: jwt, seed } = credentials;
    const bus = await bench.bus.connect('renewal', { jwt, seed }, '_INBOX_epsilon');
    const reply = await bus.request<{ jwt: string }>(subjects.upCall('epsilon', 'renew'), {});
    await (await bench.bus.connect('renewed', { jwt: reply.jwt, seed }, '_INBOX_epsilon')).close();
    await assert.rejects(bus.request(subjects.upCall('epsilon', 'sync'), { from: 0 }), (e) =>
      hasReason(e, 'Forbidden'),
    );
    await assert.rejects(bus.request(subjects.upCall('alpha', 'renew'), {}), (e) => hasReason(e, 'Forbidden'));
  });

  it('renews by itself when half of its time is over', async () => {
    const token = await bench.tokens.create({ ttlMs: hour, uses: 1 });
    const directory = await bench.directory();
    await asNode('zeta', directory, token);
    const stale: Clock = { ...systemClock, now: () => Date.now() + 13 * hour };
    const options = { node: 'zeta', directory, clock: stale, log: silentLogger, signal: lifetime.signal };
    const identity = await joinCluster(options);
    let asked = 0;
    void (async () => {
      for await (const _message of bench.controller.subscribe(subjects.upCall('zeta', 'renew'), lifetime.signal)) {
        asked += 1;
      }
    })();
    await bench.controller.flush();
    const bus = identity.connect('control');
    await bus.ready();
    identity.keepFresh(bus, lifetime.signal).catch(() => undefined);
    await until(() => asked === 1, 'the renewal');
    await bus.close();
  });

  it('does not trust a server of another authority', async () => {
    const other = await CertificateAuthority.create(systemClock);
    const token = parseJoinToken(await bench.tokens.create({ ttlMs: hour, uses: 1 }));
    const bus = new NatsBus({
      name: 'x',
      servers: token.urls,
      ca: other.credential.certificate,
      credentials: { jwt: () => token.jwt, seed: token.seed },
      log: silentLogger,
    });
    await assert.rejects(bus.ready({ timeoutMs: 500 }), (error) => hasReason(error, 'ServiceUnavailable'));
    await bus.close();
  });

  async function copyKey(from: string, to: string): Promise<void> {
    await copyFile(join(from, 'node.key'), join(to, 'node.key'));
  }
});
