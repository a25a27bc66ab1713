import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { PodExec } from '../../controller/api/pod-streams.ts';
import { channel, type ByteStream, type Channel, type Chunk } from '../../shared/bus/byte-stream.ts';
import { ApiError } from '../../shared/errors.ts';
import type { KubeObject, Pod, Stored } from '../../shared/objects/types.ts';
import { until } from '../support/until.ts';
import { ApiHarness, readText } from './harness.ts';
import { podManifest } from './manifests.ts';

const root = '/api/v1/namespaces/default';

/** A session whose far side is a real connection, as an agent's is. */
class SocketSession implements ByteStream {
  readonly over: Promise<void>;
  readonly #socket: Socket;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.over = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => undefined);
  }

  write(_channel: Channel, bytes: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
  }

  end(): Promise<void> {
    this.#socket.end();
    return Promise.resolve();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Chunk> {
    for await (const bytes of this.#socket) yield { channel: channel.stdout, bytes: bytes as Uint8Array };
    yield { channel: channel.stdout, bytes: new Uint8Array() };
  }

  close(): Promise<void> {
    this.#socket.destroy();
    return Promise.resolve();
  }
}

describe('the proxy to pods and services', function () {
  this.timeout(30_000);
  let api: ApiHarness;
  let plain: Server;
  let secure: Server;
  let handle: (request: IncomingMessage, response: ServerResponse) => void;
  let sessions: SocketSession[];

  const unused = (): Promise<never> => Promise.reject(new Error('not part of this test'));
  const podExec: PodExec = {
    exec: unused,
    attach: unused,
    forward: async (_pod, port) => {
      const server = port === 8443 ? secure : plain;
      if (port === 81) throw new ApiError('ServiceUnavailable', 'connection refused');
      const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
      await once(socket, 'connect');
      const session = new SocketSession(socket);
      sessions.push(session);
      return session;
    },
  };

  async function addPod(name: string, isReady: boolean): Promise<void> {
    await api.call('POST', `${root}/pods`, { body: podManifest(name) });
    await api.store.modify<Stored<Pod>>('pods', 'default', name, (pod) => ({
      ...pod,
      metadata: { ...pod.metadata, labels: { app: 'web', name } },
      spec: {
        ...pod.spec,
        containers: [{ name: 'main', image: 'a:1', ports: [{ name: 'http', containerPort: 8080 }] }],
        nodeName: 'n1',
      },
      status: { phase: 'Running', conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
    }));
  }

  before(async () => {
    api = await ApiHarness.start({ podExec });
    const { certificate, privateKey } = await api.pki.serverIdentity('pod', ['somebody-else']);
    const serve = (request: IncomingMessage, response: ServerResponse): void => handle(request, response);
    plain = createServer(serve);
    secure = createTlsServer({ cert: certificate, key: privateKey }, serve);
    for (const server of [plain, secure]) {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    }
    await addPod('web', true);
    await addPod('unready', false);
    await api.call('POST', `${root}/pods`, { body: podManifest('waiting') });
    const ports = [
      { name: 'http', port: 80, targetPort: 'http' },
      { name: 'tls', port: 443, targetPort: 8443 },
    ];
    const service = (name: string, spec: object): KubeObject =>
      ({ apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'default' }, spec }) as KubeObject;
    await api.store.create('services', service('web', { selector: { app: 'web' }, ports }));
    await api.store.create('services', service('empty', { selector: { app: 'nobody' }, ports }));
  });
  beforeEach(() => {
    sessions = [];
    handle = (request, response) => response.end(request.url);
  });
  after(async () => {
    await api?.stop();
    plain?.close();
    secure?.close();
  });

  it('asks for the rest of the path as it is', async () => {
    const paths: [string, string][] = [
      ['pods/web:8080/proxy/a%2Fb/c%20d?x=1&y=%2F', '/a%2Fb/c%20d?x=1&y=%2F'],
      ['pods/web/proxy//..%2f?', '//..%2f?'],
      ['services/web:http/proxy/metrics', '/metrics'],
      ['services/https:web:443/proxy/', '/'],
      ['pods/https:web:8443/proxy/exec', '/exec'],
    ];
    for (const [path, asked] of paths) {
      const { code, text } = await api.call('GET', `${root}/${path}`);
      assert.deepEqual([code, text], [200, asked], path);
    }
    const bare = await api.call('GET', `${root}/pods/web:8080/proxy?x=1`);
    assert.deepEqual([bare.code, bare.headers.location], [301, `${root}/pods/web%3A8080/proxy/?x=1`]);
    await until(() => Promise.all(sessions.map(({ over }) => over)).then(() => true), 'every connection is closed');
  });

  it('hands on methods, headers, bodies and codes, but nothing that says who asks', async () => {
    let seen: IncomingMessage['headers'] = {};
    handle = (request, response) => {
      seen = request.headers;
      const headers = { 'x-mine': ['a', 'b'], connection: 'x-secret', 'x-secret': '1', location: '/login' };
      response.writeHead(request.method === 'PATCH' ? 418 : 500, headers);
      request.pipe(response);
    };
    const body = 'x'.repeat(2_000_000);
    const headers = { 'content-type': 'text/x', connection: 'keep-alive, x-hop', 'x-hop': '1', 'x-app': 'yes' };
    const { code, text, headers: got } = await api.call('PATCH', `${root}/pods/web:8080/proxy/x`, { body, headers });
    assert.equal(code, 418);
    assert.ok(text === body);
    assert.deepEqual([got['x-mine'], got['x-secret']], ['a, b', undefined]);
    assert.equal(got.location, `${root}/pods/web%3A8080/proxy/login`);
    assert.deepEqual([seen['x-app'], seen['x-hop'], seen.authorization], ['yes', undefined, undefined]);
    assert.deepEqual([seen['x-forwarded-proto'], seen['x-forwarded-for']], ['https', '127.0.0.1']);
    assert.equal((await api.call('HEAD', `${root}/pods/web:8080/proxy/x`)).code, 500);
  });

  it('carries answers as they come, and closes both sides when one goes', async () => {
    const upstream = Promise.withResolvers<ServerResponse>();
    handle = (_request, response) => {
      response.write('first');
      upstream.resolve(response);
    };
    const headers = { authorization: `Bearer ${api.token}` };
    const answer = await api.open({ method: 'GET', path: `${root}/pods/web:8080/proxy/`, headers });
    const [first] = (await once(answer, 'data')) as [Buffer];
    assert.equal(first.toString(), 'first');
    const gone = once(await upstream.promise, 'close');
    answer.destroy();
    await gone;

    handle = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('part');
      setImmediate(() => response.destroy());
    };
    const broken = await api.open({ method: 'GET', path: `${root}/pods/web:8080/proxy/`, headers });
    await assert.rejects(readText(broken));
  });

  it('becomes a WebSocket when both sides want one', async () => {
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
    const offered: string[] = [];
    plain.on('upgrade', (request, socket, head) => {
      offered.push(request.headers['sec-websocket-protocol'] ?? '');
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.send('welcome');
        webSocket.on('message', (data: Buffer) => webSocket.send(`echo ${data.toString()}`));
      });
    });
    const bearer = 'base64url.bearer.authorization.k8s.io.c2VjcmV0';
    const url = `wss://127.0.0.1:${api.port}${root}/pods/web:8080/proxy/live`;
    const headers = { authorization: `Bearer ${api.token}` };
    const socket = new WebSocket(url, ['chat', bearer], { ca: api.pki.authority, headers });
    const received: string[] = [];
    socket.on('message', (data: Buffer) => received.push(data.toString()));
    await once(socket, 'open');
    socket.send('hi');
    await until(() => received.length === 2, 'the echo is there');
    assert.deepEqual([received, offered, socket.protocol], [['welcome', 'echo hi'], ['chat'], 'chat']);
    socket.close();
    await once(socket, 'close');
    plain.removeAllListeners('upgrade');
  });

  it('says why there is no answer', async () => {
    const refused: [string, number, RegExp][] = [
      ['pods/web:81/proxy/', 503, /error trying to reach service: connection refused/],
      ['pods/nope/proxy/', 404, /pods "nope" not found/],
      ['pods/waiting/proxy/', 503, /pod "waiting" is not running: it is Pending/],
      ['pods/ftp:web:21/proxy/', 400, /invalid pod request "ftp:web:21"/],
      ['pods/web:0/proxy/', 400, /is not a port/],
      ['services/empty:http/proxy/', 503, /no endpoints available for service "empty"/],
      ['services/web:9/proxy/', 503, /no service port "9" found for service "web"/],
    ];
    for (const [path, wanted, why] of refused) {
      const { code, json } = await api.call('GET', `${root}/${path}`);
      assert.equal(code, wanted, path);
      assert.match(json.message, why);
    }
    const { code } = await api.call('GET', `${root}/pods/web:8080/proxy/`, { token: 'guest-token' });
    assert.equal(code, 403);
  });
});
