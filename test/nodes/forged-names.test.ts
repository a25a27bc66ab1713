import assert from 'node:assert/strict';
import { connect, createInbox, jwtAuthenticator, type NatsConnection } from 'nats';
import type { LogBatch, LogsReply, PodReport, StatusReply } from '../../shared/bus/messages.ts';
import { createUserKey } from '../../shared/bus/nats-user.ts';
import { inboxPrefix, subjects, upVerbs } from '../../shared/bus/subjects.ts';
import type { Event, KubeObject, Pod, Stored } from '../../shared/objects/types.ts';
import { aPod } from '../objects.ts';
import { until } from '../support/until.ts';
import { NodesBench } from './nodes-bench.ts';

/** What a thief of a node's credential may try: every message that names a pod, with the names and uids of others. */
describe('a node that speaks of pods under other names', function () {
  this.timeout(20_000);
  let bench: NodesBench;
  let attacker: NatsConnection;

  before(async () => {
    bench = await NodesBench.open();
    const { seed, publicKey } = createUserKey();
    attacker = await connect({
      servers: [bench.bus.server.url],
      tls: { ca: bench.bus.ca },
      authenticator: jwtAuthenticator(await bench.bus.authority.issueNode('n1', publicKey), Buffer.from(seed)),
      inboxPrefix: inboxPrefix('n1'),
    });
  });
  after(async () => {
    await attacker.close();
    await bench.close();
  });

  async function ask<T>(verb: (typeof upVerbs)[number], body: unknown): Promise<T> {
    const answer = await attacker.request(subjects.upCall('n1', verb), JSON.stringify(body), { timeout: 5000 });
    return answer.json<T>();
  }

  function bound(name: string, nodeName: string): Promise<Stored<Pod>> {
    return bench.store.create('pods', aPod({ name, nodeName }));
  }

  function aBatch(uid: string, more: Partial<LogBatch> = {}): LogBatch {
    const lines = [{ time: '2026-01-01T00:00:00.0Z', stream: 'stdout' as const, attempt: 0, text: 'forged' }];
    return { namespace: 'kube-system', pod: 'apiserver', uid, container: 'main', first: 0, lines, ...more };
  }

  function anEvent(uid: string, reason: string): unknown {
    const involved = { kind: 'Pod', namespace: 'kube-system', name: 'apiserver', uid };
    return { involved, type: 'Warning', reason, message: 'x', at: 1 };
  }

  function eventsOf(reason: string): (KubeObject & Event)[] {
    return bench.store.list<KubeObject & Event>('events').items.filter((event) => event.reason === reason);
  }

  it('is heard under the names that the controller has recorded', async () => {
    const pod = await bound('own', 'n1');
    const { uid } = pod.metadata;
    await ask('logs', { batches: [aBatch(uid)] });
    assert.deepEqual(
      bench.logs.flatMap(({ request }) => request.batches.map((batch) => [batch.namespace, batch.pod, batch.uid])),
      [['default', 'own', uid]],
    );
    await ask('events', { events: [anEvent(uid, 'OwnUid')] });
    await until(() => eventsOf('OwnUid').length > 0, 'the event');
    const { kind, namespace, name } = eventsOf('OwnUid')[0]?.involvedObject ?? {};
    assert.deepEqual([kind, namespace, name], ['Pod', 'default', 'own']);

    const sample = { namespace: 'kube-system', pod: 'apiserver', uid };
    const container = { ...sample, container: 'main', cpuSeconds: 1, workingSetBytes: 1, startedAt: 1 };
    const node = { cpuSeconds: 1, workingSetBytes: 1, filesystemUsedBytes: 1, filesystemSizeBytes: 1 };
    const pods = [{ ...sample, receivedBytes: 1, sentBytes: 1 }];
    await ask('samples', { at: 1, containers: [container], pods, node });
    const { request } = bench.samples.at(-1) ?? assert.fail('no samples');
    for (const named of [...request.containers, ...request.pods]) {
      assert.deepEqual([named.namespace, named.pod], ['default', 'own']);
    }

    const victim = await bound('victim', 'n2');
    const status = { phase: 'Failed' };
    const report: PodReport = { namespace: 'default', name: 'victim', uid, status };
    assert.deepEqual(await ask<StatusReply>('status', { pods: [report] }), { unknown: [] });
    const phaseOf = (name: string): unknown =>
      bench.store.get<KubeObject & Pod>('pods', 'default', name)?.status?.phase;
    assert.equal(phaseOf('own'), 'Failed');
    assert.notEqual(phaseOf(victim.metadata.name), 'Failed');
  });

  it('is refused for uids that nobody knows, for those of others, and after a start of the controller', async () => {
    const foreign = await bound('foreign', 'n2');
    for (const restart of [false, true]) {
      if (restart) await bench.restartNodes();
      const heard = bench.logs.length;
      for (const uid of ['no-such-uid', '', foreign.metadata.uid]) {
        const { next } = await ask<LogsReply>('logs', { batches: [aBatch(uid)] });
        assert.deepEqual(next, [1], 'acknowledged, so that it does not come again');
        await ask('events', { events: [anEvent(uid, 'Forged')] });
      }
      const own = await bound(`after-${restart}`, 'n1');
      await ask('events', { events: [anEvent(own.metadata.uid, `Last-${restart}`)] });
      await until(() => eventsOf(`Last-${restart}`).length > 0, 'the event behind');
      assert.deepEqual(eventsOf('Forged'), []);
      assert.equal(bench.logs.length, heard);
    }
  });

  it('may finish the log of its own pod that is gone, after a start of the controller too', async () => {
    const pod = await bound('gone', 'n1');
    const foreign = await bound('foreign-gone', 'n2');
    const { uid } = pod.metadata;
    for (const name of ['gone', 'foreign-gone']) await bench.store.remove('pods', 'default', name);
    await bound('gone', 'n2');
    await until(async () => (await bench.history.findPods([uid, foreign.metadata.uid])).length === 2, 'the records');
    for (const restart of [false, true]) {
      if (restart) await bench.restartNodes();
      bench.logs.length = 0;
      await ask('logs', { batches: [aBatch(foreign.metadata.uid), aBatch(uid)] });
      assert.deepEqual(
        bench.logs.flatMap(({ request }) => request.batches.map((batch) => [batch.namespace, batch.pod, batch.uid])),
        [['default', 'gone', uid]],
      );
    }
  });

  it('cannot have the controller write on a subject of others', async () => {
    const lifetime = new AbortController();
    const seen: string[] = [];
    void (async () => {
      for await (const { subject } of bench.controller.subscribe('>', lifetime.signal)) seen.push(subject);
    })();
    await bench.controller.flush();
    const foreign = [
      subjects.desired('n2'),
      subjects.desired('n1'),
      subjects.heartbeat('n2'),
      subjects.upCall('n2', 'register'),
      `${inboxPrefix('n2')}.x`,
      `${inboxPrefix('n1')}x.y`,
      inboxPrefix('n1'),
      '_INBOX_controller.x',
      '$SYS.REQ.SERVER.PING',
    ];
    for (const verb of upVerbs) {
      for (const reply of foreign) attacker.publish(subjects.upCall('n1', verb), '{}', { reply });
      const answer = await attacker.request(subjects.upCall('n1', verb), '{}', { timeout: 5000 });
      assert.ok(answer.headers?.has('Berth-Error') || answer.data.length > 0, 'its own inbox is answered');
    }
    assert.ok(seen.length > 0);
    assert.deepEqual(
      seen.filter((subject) => foreign.includes(subject)),
      [],
    );
    assert.ok(createInbox(inboxPrefix('n1')).startsWith(`${inboxPrefix('n1')}.`));
    lifetime.abort();
  });
});
