import assert from 'node:assert/strict';
import type { NatsBus } from '../../shared/bus/nats-bus.ts';
import { inboxPrefix, subjects } from '../../shared/bus/subjects.ts';
import { BusBench } from '../bus/bus-bench.ts';
import { until } from '../support/until.ts';

describe('what a credential of a node reaches', function () {
  this.timeout(20_000);
  let bench: BusBench;
  let controller: NatsBus;
  let n1: NatsBus;
  let n2: NatsBus;
  let lifetime: AbortController;

  before(async () => {
    bench = await BusBench.open();
    controller = await bench.controller();
    n1 = await bench.node('n1');
    n2 = await bench.node('n2');
  });
  after(async () => bench.close());
  beforeEach(() => {
    lifetime = new AbortController();
  });
  afterEach(() => lifetime.abort());

  const foreign = [
    'berth.down.n2.desired',
    'berth.down.n2.>',
    'berth.down.*.desired',
    'berth.down.>',
    'berth.up.>',
    'berth.up.n2.>',
    'berth.up.n1.>',
    'berth.join.>',
    'berth.join.*',
    'berth.>',
    '>',
    '*.>',
    '$SYS.>',
    '$JS.API.>',
    '_INBOX.>',
    '_INBOX_n2.>',
    '_INBOX_controller.>',
    'berth.state.>',
    'berth.ctl.>',
  ];
  for (const subject of foreign) {
    it(`may not listen to ${subject}`, async () => {
      const reading = (async () => {
        for await (const _message of n1.subscribe(subject, lifetime.signal)) break;
      })();
      await assert.rejects(reading, /Permissions Violation/);
    });
  }

  it('may listen to what is for it', async () => {
    const seen: string[] = [];
    const reading = (async () => {
      for await (const message of n1.subscribe('berth.down.n1.>', lifetime.signal)) seen.push(message.subject);
    })();
    await n1.flush();
    controller.publish(subjects.desired('n1'), {});
    controller.publish(subjects.desired('n2'), {});
    await until(() => seen.length > 0, 'its own message');
    assert.deepEqual(seen, [subjects.desired('n1')]);
    lifetime.abort();
    await reading;
  });

  it('is heard on its own subjects only', async () => {
    const seen: string[] = [];
    void (async () => {
      for await (const { subject } of controller.subscribe('>', lifetime.signal)) seen.push(subject);
    })();
    await controller.flush();
    const tries = [
      subjects.heartbeat('n2'),
      subjects.upCall('n2', 'status'),
      subjects.desired('n1'),
      subjects.desired('n2'),
      subjects.downCall('n2', 'exec'),
      subjects.join('x'),
      'berth.state.core.pods.default.web',
      'berth.ctl.x',
      '$SYS.REQ.SERVER.PING',
      '$JS.API.INFO',
      '_INBOX.x',
      `${inboxPrefix('n2')}.x`,
      '_INBOX_controller.x',
    ];
    for (const subject of tries) n1.publish(subject, {});
    n1.publish(subjects.heartbeat('n1'), {});
    await n1.flush();
    await until(() => seen.includes(subjects.heartbeat('n1')), 'the one that is allowed');
    assert.deepEqual(
      seen.filter((subject) => !subject.startsWith('_INBOX')),
      [subjects.heartbeat('n1')],
    );
    assert.deepEqual(
      seen.filter((subject) => subject.startsWith('_INBOX')),
      [],
    );
  });

  it('answers a controller, without rights on its inbox', async () => {
    n1.serve(subjects.downCall('n1', 'logs'), async () => 'mine', { signal: lifetime.signal });
    await n1.flush();
    assert.equal(await controller.request(subjects.downCall('n1', 'logs'), {}), 'mine');
  });

  it('leaves other nodes working', async () => {
    controller.serve(subjects.allUpCalls('status'), async (_body, subject) => subject, { signal: lifetime.signal });
    await controller.flush();
    assert.equal(await n2.request(subjects.upCall('n2', 'status'), {}), 'berth.up.n2.rpc.status');
    assert.equal(await n1.request(subjects.upCall('n1', 'status'), {}), 'berth.up.n1.rpc.status');
  });

  it('keeps names with dots apart from subjects', async () => {
    const dotted = await bench.node('n1.desired');
    const reading = (async () => {
      for await (const _message of dotted.subscribe(subjects.desired('n1'), lifetime.signal)) break;
    })();
    await assert.rejects(reading, /Permissions Violation/);
  });
});
