import assert from 'node:assert/strict';
import type { PodExec } from '../../../controller/api/pod-streams.ts';
import { openFrame } from '../../../controller/api/spdy/frames.ts';
import { until } from '../../support/until.ts';
import { FakeSession } from '../fake-session.ts';
import { ApiHarness } from '../harness.ts';
import { createRunningPod } from '../running-pod.ts';
import { answered, dialRaw, openDescriptors, upgradeRequest, type RawClient } from './raw-client.ts';
import { maps, pods } from './row.ts';
import { usedBytes } from './used-bytes.ts';

const idleConnections = 2_000;
const halfOpen = 300;
const allowedGrowthBytes = 16 * 1024 * 1024;
/** What other tests of this process have on their way to be closed. */
const allowedDescriptors = 8;

describe('floods of connections', function () {
  this.timeout(120_000);
  let api: ApiHarness;
  let descriptors: number;
  const clients: RawClient[] = [];
  const sessions: FakeSession[] = [];

  const session = (signal: AbortSignal): Promise<FakeSession> => {
    const made = new FakeSession();
    sessions.push(made);
    signal.addEventListener('abort', () => void made.close());
    return Promise.resolve(made);
  };
  const podExec: PodExec = {
    exec: (_pod, _request, signal) => session(signal),
    attach: (_pod, _request, signal) => session(signal),
    forward: (_pod, _port, signal) => session(signal),
  };

  before(async () => {
    api = await ApiHarness.start({ podExec });
    await createRunningPod(api, 'bound');
    descriptors = await openDescriptors();
  });
  afterEach(async () => {
    leave();
    await settled();
  });
  after(() => api.stop());

  const dialMany = async (count: number): Promise<RawClient[]> => {
    const made: RawClient[] = [];
    for (let at = 0; at < count; at += 50) {
      made.push(...(await Promise.all(Array.from({ length: Math.min(50, count - at) }, () => dialRaw(api)))));
    }
    clients.push(...made);
    return made;
  };
  const leave = (): void => {
    for (const { plain } of clients.splice(0)) plain.resetAndDestroy();
  };
  const othersAreServed = async (): Promise<void> => {
    assert.equal((await api.call('GET', `${pods}/bound`)).code, 200);
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'other-' } };
    assert.equal((await api.call('POST', maps, { body })).code, 201);
  };
  const metric = async (name: string): Promise<number[]> => {
    const text = await api.registry.getSingleMetricAsString(name);
    return [...text.matchAll(/^[^#\n]* (\d+)$/gm)].map(([, value]) => Number(value));
  };
  /** Nothing is left of clients that have gone. */
  const settled = async (): Promise<void> => {
    await until(async () => (await openDescriptors()) <= descriptors + allowedDescriptors, 'descriptors are closed');
    await until(async () => {
      const open = await Promise.all(
        ['apiserver_longrunning_requests', 'apiserver_current_inflight_requests'].map(metric),
      );
      return open.flat().every((value) => value === 0);
    }, 'no request is open');
    await until(() => sessions.splice(0).every(({ isClosed }) => isClosed), 'sessions are closed');
  };

  it('that say nothing leave others served, and nothing behind', async () => {
    await dialMany(idleConnections);
    assert.ok((await openDescriptors()) > descriptors + idleConnections);
    await othersAreServed();
  });

  const exec = `${pods}/bound/exec?command=cat&stdin=1&stdout=1`;
  const forward = `${pods}/bound/portforward?ports=80`;
  const token = 'test-token';
  const beginning = Buffer.from(openFrame(1, Buffer.alloc(200))).subarray(0, 40);
  const upgrades: [name: string, begin: (client: RawClient) => Promise<void>][] = [
    [
      'a WebSocket whose request never ends',
      async ({ socket }) => void socket.write(upgradeRequest(exec, 'websocket', token).slice(0, -2)),
    ],
    [
      'a WebSocket that is never used',
      async (client) => {
        client.socket.write(upgradeRequest(exec, 'websocket', token));
        assert.match(await answered(client), /^HTTP\/1\.1 101 /);
      },
    ],
    [
      'a WebSocket that stops in the middle of a frame',
      async (client) => {
        client.socket.write(upgradeRequest(forward, 'websocket', token));
        await answered(client);
        client.socket.write(Buffer.from([0x82, 0xfe, 0x7f, 0xff, 1, 2]));
      },
    ],
    [
      'SPDY whose request never ends',
      async ({ socket }) => void socket.write(upgradeRequest(exec, 'SPDY/3.1', token).slice(0, -2)),
    ],
    [
      'SPDY that is never used',
      async (client) => {
        client.socket.write(upgradeRequest(exec, 'SPDY/3.1', token));
        assert.match(await answered(client), /^HTTP\/1\.1 101 /);
      },
    ],
    [
      'SPDY that stops in the middle of a frame',
      async (client) => {
        client.socket.write(upgradeRequest(forward, 'SPDY/3.1', token));
        await answered(client);
        client.socket.write(beginning);
      },
    ],
  ];
  for (const [name, begin] of upgrades) {
    it(`that upgrade by halves leave others served, and nothing behind: ${name}`, async () => {
      let first = 0;
      for (let round = 0; round < 3; round += 1) {
        const made = await dialMany(halfOpen);
        await Promise.all(made.map(begin));
        await othersAreServed();
        leave();
        await settled();
        if (round === 0) first = usedBytes();
      }
      const growth = usedBytes() - first;
      assert.ok(growth < allowedGrowthBytes, `${growth} bytes more`);
    });
  }
});
