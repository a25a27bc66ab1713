import assert from 'node:assert/strict';
import type { NatsBus } from '../../shared/bus/nats-bus.ts';
import { subjects } from '../../shared/bus/subjects.ts';
import { ApiError, hasReason } from '../../shared/errors.ts';
import { BusBench } from './bus-bench.ts';
import { until } from '../support/until.ts';

describe('NatsBus', function () {
  this.timeout(20_000);
  let bench: BusBench;
  let controller: NatsBus;
  let node: NatsBus;
  let lifetime: AbortController;

  before(async () => {
    bench = await BusBench.open();
    controller = await bench.controller();
    node = await bench.node('n1');
  });
  after(async () => bench.close());
  beforeEach(() => {
    lifetime = new AbortController();
  });
  afterEach(() => lifetime.abort());

  it('carries an answer back, and an error as the same error', async () => {
    const handler = async (body: unknown, subject: string): Promise<unknown> => {
      if (body === 'bad') throw new ApiError('Conflict', 'not now', { name: 'x' });
      return { body, subject };
    };
    controller.serve(subjects.allUpCalls('status'), handler, { queue: 'q', signal: lifetime.signal });
    await controller.flush();
    assert.deepEqual(await node.request(subjects.upCall('n1', 'status'), { a: 1 }), {
      body: { a: 1 },
      subject: 'berth.up.n1.rpc.status',
    });
    await assert.rejects(
      node.request(subjects.upCall('n1', 'status'), 'bad'),
      (error) => hasReason(error, 'Conflict') && error.message === 'not now' && error.details.name === 'x',
    );
  });

  it('answers a body that is not JSON with BadRequest and goes on', async () => {
    let served = 0;
    const handler = async (): Promise<unknown> => (served += 1);
    controller.serve(subjects.allUpCalls('status'), handler, { signal: lifetime.signal });
    await controller.flush();
    node.publishBytes(subjects.upCall('n1', 'status'), Buffer.from('{nonsense'));
    assert.equal(await node.request(subjects.upCall('n1', 'status'), {}), 1);
  });

  it('says ServiceUnavailable when nobody listens, and Timeout when nobody answers', async () => {
    await assert.rejects(node.request(subjects.upCall('n1', 'sync'), {}), (e) => hasReason(e, 'ServiceUnavailable'));
    controller.serve(subjects.allUpCalls('sync'), () => new Promise(() => undefined), { signal: lifetime.signal });
    await controller.flush();
    await assert.rejects(node.request(subjects.upCall('n1', 'sync'), {}, { timeoutMs: 100 }), (e) =>
      hasReason(e, 'Timeout'),
    );
  });

  it('stops waiting for an answer when the caller gives up', async () => {
    controller.serve(subjects.allUpCalls('sync'), () => new Promise(() => undefined), { signal: lifetime.signal });
    await controller.flush();
    const caller = new AbortController();
    const asked = node.request(subjects.upCall('n1', 'sync'), {}, { signal: caller.signal });
    caller.abort(new Error('enough'));
    await assert.rejects(asked, /enough/);
  });

  it('is not asked again after its handler was taken away', async () => {
    controller.serve(subjects.allUpCalls('renew'), async () => 'here', { signal: lifetime.signal });
    await controller.flush();
    assert.equal(await node.request(subjects.upCall('n1', 'renew'), {}), 'here');
    lifetime.abort();
    await controller.flush();
    await assert.rejects(node.request(subjects.upCall('n1', 'renew'), {}), (e) => hasReason(e, 'ServiceUnavailable'));
  });

  it('refuses a message that the server would not take', async () => {
    const huge = 'x'.repeat(9 * 1024 * 1024);
    assert.throws(
      () => node.publish('berth.up.n1.hb', huge),
      (e) => hasReason(e, 'RequestEntityTooLarge'),
    );
    await assert.rejects(node.request('berth.up.n1.rpc.status', huge), (e) => hasReason(e, 'RequestEntityTooLarge'));
  });

  it('comes back with its subscriptions after the server was killed, and tells so', async () => {
    let reconnects = 0;
    const beats: unknown[] = [];
    node.onReconnect(() => (reconnects += 1), lifetime.signal);
    controller.serve(subjects.allUpCalls('status'), async () => 'again', { signal: lifetime.signal });
    const reading = (async () => {
      for await (const message of controller.subscribe(subjects.allHeartbeats, lifetime.signal)) {
        beats.push(message.json());
      }
    })();
    const { pid } = bench.server;
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await until(() => !node.isConnected && !controller.isConnected, 'the line is seen as lost');
    await assert.rejects(node.request('berth.up.n1.rpc.status', {}), (e) => hasReason(e, 'ServiceUnavailable'));
    await until(() => node.isConnected && controller.isConnected, 'both are back', { withinMs: 10_000 });
    assert.equal(reconnects, 1);
    await controller.flush();
    assert.equal(await node.request('berth.up.n1.rpc.status', {}), 'again');
    node.publish('berth.up.n1.hb', { n: 1 });
    await until(() => beats.length === 1, 'the heartbeat arrives');
    lifetime.abort();
    await reading;
  });
});
