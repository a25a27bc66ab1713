import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BusControllerLink } from '../../agent/link/link.ts';
import { serveCalls, type NodeCallHandlers } from '../../agent/link/serve-calls.ts';
import { NodeCalls } from '../../controller/nodes/node-calls.ts';
import { channel, type ByteStream } from '../../shared/bus/byte-stream.ts';
import type { NatsBus } from '../../shared/bus/nats-bus.ts';
import { systemClock } from '../../shared/clock.ts';
import { hasReason } from '../../shared/errors.ts';
import { silentLogger } from '../../shared/log.ts';
import { Scope } from '../../shared/scope.ts';
import { BusBench } from '../bus/bus-bench.ts';
import { aPod } from '../objects.ts';
import { until } from '../support/until.ts';

const pod = aPod({ nodeName: 'n1' });
const tty = { container: 'main', stdin: true, stdout: true, stderr: true, tty: false };
/** As many sessions as a node takes, from four kinds. */
const ofEach = 25;
/** In reading loops. */
const readers = 8;

for (const [what, signal] of [
  ['dies', 'SIGKILL'],
  ['freezes', 'SIGSTOP'],
] as const) {
  describe(`calls to a node while the bus ${what}`, function () {
    this.timeout(30_000);
    let bench: BusBench;
    let controller: { bus: NatsBus; data: NatsBus };
    let agent: { bus: NatsBus; data: NatsBus };
    let calls: NodeCalls;
    let scope: Scope;
    let lifetime: AbortController;
    let logs: NodeCallHandlers['logs'];
    let [begun, ended, pid] = [0, 0, 0];

    const hold = (_request: unknown, _stream: ByteStream, { signal: end }: { signal: AbortSignal }): Promise<void> =>
      new Promise((resolve) => {
        begun += 1;
        const stop = (): void => {
          ended += 1;
          resolve();
        };
        if (end.aborted) stop();
        else end.addEventListener('abort', stop, { once: true });
      });

    beforeEach(async () => {
      bench = await BusBench.open();
      [begun, ended, pid] = [0, 0, bench.server.pid ?? 0];
      controller = { bus: await bench.controller(), data: await bench.controller() };
      agent = { bus: await bench.node('n1'), data: await bench.node('n1') };
      calls = new NodeCalls(controller);
      scope = new Scope('agent');
      lifetime = new AbortController();
      const handler: NodeCallHandlers['exec'] = (request, stream, end) => hold(request, stream, { signal: end });
      logs = handler as unknown as NodeCallHandlers['logs'];
      const handlers = {
        logs: (...args: Parameters<NodeCallHandlers['logs']>) => logs(...args),
        exec: handler,
        attach: handler as unknown as NodeCallHandlers['attach'],
        forward: handler as unknown as NodeCallHandlers['forward'],
      };
      serveCalls({ ...agent, node: 'n1', handlers, log: silentLogger }, scope);
      await agent.bus.flush();
      await bench.server.release(); // whose supervision would start another one at once
    });
    afterEach(async () => {
      lifetime.abort();
      await scope.close();
      if (signal === 'SIGSTOP') process.kill(pid, 'SIGKILL');
      await bench.close();
    });

    /** The server as it is after its supervision has seen to it. */
    const bringBack = async (): Promise<void> => {
      if (signal === 'SIGSTOP') process.kill(pid, 'SIGCONT');
      else {
        bench.server = bench.newServer();
        await bench.server.start();
      }
      const buses = [controller.bus, controller.data, agent.bus, agent.data];
      await until(() => buses.every(({ isConnected }) => isConnected), 'all are back', { withinMs: 20_000 });
      await Promise.all(buses.map((bus) => bus.flush()));
    };

    const isUnavailable = (error: unknown): boolean => hasReason(error, 'ServiceUnavailable');

    async function readAll(bytes: AsyncIterable<unknown>): Promise<void> {
      for await (const _chunk of bytes);
    }

    const openAll = async (): Promise<Promise<void>[]> => {
      const end = lifetime.signal;
      const opened = Array.from({ length: ofEach }, () => [
        calls.logs(pod, 'main', { follow: true }, end),
        calls.exec(pod, { ...tty, command: ['cat'] }, end),
        calls.attach(pod, tty, end),
        calls.forward(pod, 80, end),
      ]);
      return (await Promise.all<AsyncIterable<unknown>>(opened.flat())).map((stream) => {
        const reading = readAll(stream);
        reading.catch(() => undefined); // looked at by the test
        return reading;
      });
    };

    it('ends all sessions at both sides, and their places are free again', async () => {
      const reading = await openAll();
      await assert.rejects(calls.exec(pod, { ...tty, command: [] }, lifetime.signal), (error) =>
        hasReason(error, 'TooManyRequests'),
      );
      process.kill(pid, signal);
      for (const read of reading) await assert.rejects(read, isUnavailable);
      await until(() => begun === 4 * ofEach && ended === begun, 'the node has ended them');
      await bringBack();
      assert.equal((await openAll()).length, 4 * ofEach);
    });

    it('ends every call that is being made, for those who read logs again and again', async () => {
      let reads = 0;
      logs = async (_request, stream) => stream.write(channel.stdout, Buffer.alloc(64 * 1024));
      const readOn = async (): Promise<never> => {
        for (;;) {
          await readAll(await calls.logs(pod, 'main', { tailLines: 2000 }, lifetime.signal));
          reads += 1;
        }
      };
      const loops = Array.from({ length: readers }, () => assert.rejects(readOn(), isUnavailable));
      await until(() => reads > 2 * readers, 'they read');
      process.kill(pid, signal);
      // Before anybody has noticed.
      const late = assert.rejects(calls.logs(pod, 'main', {}, lifetime.signal), isUnavailable);
      await Promise.all([...loops, late]);
    });

    it('ends what an agent waits for as soon as the agent stops', async () => {
      const directory = await mkdtemp(join(tmpdir(), 'berth-link-'));
      const paths = { state: join(directory, 'state'), run: join(directory, 'run') };
      const link = await BusControllerLink.open({ ...agent, node: 'n1', paths, clock: systemClock, log: silentLogger });
      // Nobody answers these.
      const answer = (): Promise<never> => new Promise(() => undefined);
      for (const verb of ['register', 'sync', 'status', 'events', 'logs']) {
        controller.bus.serve(`berth.up.*.rpc.${verb}`, answer, { signal: lifetime.signal });
      }
      await controller.bus.flush();
      process.kill(pid, signal);
      link.run(scope);
      scope.spawn(
        async (end) => void (await link.register({} as Parameters<typeof link.register>[0], end)),
        (error) => assert.fail(String(error)),
      );
      link.report({ namespace: 'default', name: 'web', uid: 'u1', status: { phase: 'Running' } });
      const sending = assert.rejects(link.sendLogs([], scope.signal));
      await scope.close();
      await sending;
      await Promise.all([agent.bus.close(), agent.data.close()]);
      await rm(directory, { recursive: true });
    });
  });
}
