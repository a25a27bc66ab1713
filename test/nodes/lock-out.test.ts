import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeCredentials, NodeIdentity } from '../../agent/link/identity.ts';
import { joinCluster } from '../../agent/link/join.ts';
import { JoinTokens } from '../../controller/nodes/join-tokens.ts';
import { parseJoinToken, signJoin } from '../../shared/bus/join-token.ts';
import { NatsBus } from '../../shared/bus/nats-bus.ts';
import { createUserKey } from '../../shared/bus/nats-user.ts';
import { joinInboxPrefix, subjects } from '../../shared/bus/subjects.ts';
import { systemClock, type Clock } from '../../shared/clock.ts';
import { hasReason } from '../../shared/errors.ts';
import { silentLogger } from '../../shared/log.ts';
import { aNode } from '../objects.ts';
import { until } from '../support/until.ts';
import { NodesBench } from './nodes-bench.ts';

const hour = 3_600_000;

describe('who is locked out of the bus', function () {
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

  it('locks a deleted node out at once, and lets it back with a new token and a new key alone', async () => {
    const directory = await bench.directory();
    const { credentials, ...identity } = await member('doomed', directory);
    const bus = identity.bus;
    await bench.store.remove('nodes', '', 'doomed');
    await until(() => !bus.isConnected, 'it is cut off');
    await bus.close();
    for (const jwt of [credentials.jwt, credentials.renewalJwt]) {
      const { seed } = credentials;
      const again = new NatsBus({
        name: 'x',
        servers: credentials.urls,
        ...(credentials.ca !== undefined && { ca: credentials.ca }),
        credentials: { jwt: () => jwt, seed },
        log: silentLogger,
      });
      await assert.rejects(again.ready({ timeoutMs: 3000 }), /refuses these credentials/);
      await again.close();
    }
    const token = (): Promise<string> => bench.tokens.create({ ttlMs: hour, uses: 1 });
    const elsewhere = await bench.directory();
    await copyKey(directory, elsewhere);
    const stolen = await asNode('thief', elsewhere, await token());
    assert.notEqual(stolen.credentials.seed, credentials.seed, 'the old key joins under no name');
    const back = await asNode('doomed', directory, await token());
    assert.notEqual(back.credentials.seed, credentials.seed);
    const control = back.connect('control');
    await control.ready();
    await control.close();
  });

  it('locks out a node that was deleted while no controller ran', async () => {
    const { bus } = await member('forgotten', await bench.directory());
    await bench.restartNodes(async () => void (await bench.store.remove('nodes', '', 'forgotten')));
    await until(() => !bus.isConnected, 'it is cut off');
    await bus.close();
  });

  it('lets nobody join with the public key of another, nor with a proof for another request', async () => {
    const text = await bench.tokens.create({ ttlMs: hour, uses: 5 });
    const { id, secret, ...token } = parseJoinToken(text);
    const joiner = await bench.bus.connect('joiner', token, joinInboxPrefix(id));
    const [mine, other] = [createUserKey(), createUserKey()];
    const request = { id, secret, node: 'proven', publicKey: other.publicKey };
    const forged = [
      signJoin(request, mine.seed),
      { ...signJoin(request, other.seed), node: 'another' },
      { ...request, proof: 'AAAA' },
    ];
    for (const body of forged) {
      await assert.rejects(joiner.request(subjects.join(id), body), (error) => hasReason(error, 'Forbidden'));
    }
    assert.equal(bench.tokens.list().find((each) => each.id === id)?.used, 0);
    await joiner.request(subjects.join(id), signJoin(request, other.seed));
    await joiner.close();
  });

  it('keeps the bearer of a token that is used up off the bus', async () => {
    const text = await bench.tokens.create({ ttlMs: hour, uses: 1 });
    await asNode('last', await bench.directory(), text);
    const token = parseJoinToken(text);
    const joiner = await bench.bus.connect('joiner', token, joinInboxPrefix(token.id));
    const later: Clock = { ...systemClock, now: () => Date.now() + 2 * 60_000 };
    const { store } = bench;
    const revoke = (key: string): Promise<void> => bench.bus.server.revoke(key);
    await new JoinTokens({
      store,
      authority: bench.bus.authority,
      clock: later,
      revoke,
      bus: { urls: [] },
    }).cutOffSpent();
    await until(() => !joiner.isConnected, 'it is cut off');
    await joiner.close();
    await assert.rejects(asNode('later', await bench.directory(), text), /unknown, used up or was revoked/);
  });

  it('answers no more requests to join than a few each second', async () => {
    const token = parseJoinToken(await bench.tokens.create({ ttlMs: hour, uses: 1 }));
    const joiner = await bench.bus.connect('joiner', token, joinInboxPrefix(token.id));
    const flood = Array.from({ length: 200 }, () => joiner.request(subjects.join(token.id), {}));
    const answers = await Promise.allSettled(flood);
    const isLimited = ({ status, ...rest }: PromiseSettledResult<unknown>): boolean =>
      status === 'rejected' && hasReason((rest as PromiseRejectedResult).reason, 'TooManyRequests');
    assert.ok(answers.filter(isLimited).length >= 50);
    await joiner.close();
  });

  /** A node that has joined and registered. */
  async function member(node: string, directory: string): Promise<{ bus: NatsBus; credentials: NodeCredentials }> {
    const identity = await asNode(node, directory, await bench.tokens.create({ ttlMs: hour, uses: 1 }));
    const bus = identity.connect('control');
    await bus.ready();
    await bus.request(subjects.upCall(node, 'register'), { node: aNode({ name: node }), routes: [] });
    return { bus, credentials: identity.credentials };
  }

  async function copyKey(from: string, to: string): Promise<void> {
    await copyFile(join(from, 'node.key'), join(to, 'node.key'));
  }
});
