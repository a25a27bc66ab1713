import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import type { PodExec } from '../../controller/api/pod-streams.ts';
import { channel } from '../../shared/bus/byte-stream.ts';
import { ApiError } from '../../shared/errors.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import { until } from '../support/until.ts';
import { FakeSession } from './fake-session.ts';
import { ApiHarness } from './harness.ts';
import { podManifest } from './manifests.ts';

const pods = '/api/v1/namespaces/default/pods';
const path = `${pods}/web/portforward`;

describe('port-forward over the API', function () {
  this.timeout(30_000);
  let api: ApiHarness;
  let sessions: { port: number; session: FakeSession }[];

  const unused = (): Promise<never> => Promise.reject(new Error('not part of this test'));
  const podExec: PodExec = {
    exec: unused,
    attach: unused,
    forward: (_pod, port, signal) => {
      if (port === 81) return Promise.reject(new ApiError('ServiceUnavailable', 'connection refused'));
      const session = new FakeSession();
      signal.addEventListener('abort', () => void session.close());
      sessions.push({ port, session });
      return Promise.resolve(session);
    },
  };

  before(async () => {
    api = await ApiHarness.start({ podExec });
    for (const name of ['web', 'waiting']) await api.call('POST', pods, { body: podManifest(name) });
    await api.store.modify<Stored<Pod>>('pods', 'default', 'web', (pod) => ({
      ...pod,
      spec: { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName: 'n1' },
      status: { phase: 'Running' },
    }));
  });
  beforeEach(() => {
    sessions = [];
  });
  after(() => api.stop());

  const open = (query: string, protocols: string[]): { socket: WebSocket; received: Buffer[] } => {
    const socket = new WebSocket(`wss://127.0.0.1:${api.port}${path}${query}`, protocols, {
      ca: api.pki.authority,
      headers: { authorization: `Bearer ${api.token}` },
    });
    const received: Buffer[] = [];
    socket.on('message', (data: Buffer) => received.push(data));
    return { socket, received };
  };

  it('gives each port of the query two channels, whose first message is the port', async () => {
    const { socket, received } = open('?ports=8080&ports=81', ['v5.channel.k8s.io', 'v4.channel.k8s.io']);
    await once(socket, 'open');
    socket.send(Buffer.from('\0GET /'));
    await until(() => sessions[0]?.session.written.length === 1, 'the request arrives');
    socket.send(Buffer.from([255, 0]));
    const [{ port, session } = assert.fail()] = sessions;
    await until(() => session.ended.includes(channel.stdin), 'its end arrives');
    session.print(channel.stdout, 'answer');
    session.finish();
    const [code] = (await once(socket, 'close')) as [number];
    assert.deepEqual([code, port, session.written[0]?.text], [1000, 8080, 'GET /']);
    const of = (to: number): string[] =>
      received.filter((message) => message[0] === to).map((message) => message.subarray(1).toString('latin1'));
    assert.deepEqual([of(0), of(1), of(2)], [['\x90\x1f', 'answer'], ['\x90\x1f'], ['Q\0']]);
    assert.match(of(3)[1] ?? '', /error forwarding port 81 to pod web: connection refused/);
  });

  it('ends all connections when the client goes', async () => {
    const { socket } = open('?ports=8080', ['v4.channel.k8s.io']);
    await until(() => sessions.length === 1, 'the connection is asked for');
    socket.terminate();
    await until(() => sessions[0]?.session.isClosed === true, 'the session is closed');
  });

  it('refuses before the upgrade what cannot be', async () => {
    const refusals: [string, Record<string, string>, string, RegExp][] = [
      ['GET', {}, path, /Upgrade request required/],
      ['POST', { upgrade: 'SPDY/3.1', connection: 'Upgrade' }, path, /none of the stream protocols/],
      ['POST', { upgrade: 'SPDY/3.1', connection: 'Upgrade' }, `${pods}/waiting/portforward`, /pod is not running/],
      ['POST', { upgrade: 'SPDY/3.1', connection: 'Upgrade' }, `${pods}/nothing/portforward`, /not found/],
    ];
    for (const [method, headers, where, message] of refusals) {
      const { code, json } = await api.call(method, where, { headers });
      assert(code === 400 || code === 404, `${code}`);
      assert.match(json.message, message);
    }
    for (const query of ['', '?ports=0', '?ports=99999', '?ports=http', `?ports=${'1,'.repeat(70)}1`]) {
      const { socket } = open(query, ['v4.channel.k8s.io']);
      const [error] = (await once(socket, 'error')) as [Error];
      assert.match(error.message, /400/);
    }
  });

  it('outlives clients that speak SPDY badly', async () => {
    for (const bytes of [Buffer.alloc(100_000, 0xff), Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(0)]) {
      const socket = connectTls({ host: '127.0.0.1', port: api.port, ca: api.pki.authority });
      socket.on('error', () => undefined);
      const head = [`POST ${path} HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: SPDY/3.1'];
      head.push('X-Stream-Protocol-Version: portforward.k8s.io', `Authorization: Bearer ${api.token}`);
      socket.write(`${head.join('\r\n')}\r\n\r\n`);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      assert.match(answer.toString(), /^HTTP\/1.1 101 [^]*X-Stream-Protocol-Version: portforward.k8s.io/);
      socket.resume();
      socket.end(bytes);
      await new Promise((resolve) => socket.once('close', resolve));
    }
    assert.equal((await api.call('GET', '/readyz')).code, 200);
  });
});
