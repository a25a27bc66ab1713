import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { serveSession } from '../../controller/api/subresources/session-socket.ts';
import { channel } from '../../shared/bus/byte-stream.ts';
import { until } from '../support/until.ts';
import { FakeSession } from './fake-session.ts';

const success = JSON.stringify({ metadata: {}, status: 'Success' });

describe('a session over WebSocket', () => {
  let server: WebSocketServer;
  let session: FakeSession;
  let served: Promise<void>;
  let opened: (signal: AbortSignal) => Promise<FakeSession>;
  let client: WebSocket;
  let received: { channel: number | undefined; text: string }[];

  beforeEach(async () => {
    session = new FakeSession();
    opened = (signal) => {
      signal.addEventListener('abort', () => void session.close());
      return Promise.resolve(session);
    };
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket) => {
      served = serveSession(socket, 'v5.channel.k8s.io', (signal) => opened(signal));
    });
    await once(server, 'listening');
    received = [];
  });
  afterEach(() => {
    client.terminate();
    server.close();
  });

  const connect = async (): Promise<void> => {
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    client.on('message', (data: Buffer) => received.push({ channel: data[0], text: data.subarray(1).toString() }));
    await once(client, 'open');
  };
  const send = (to: number, text: string): void => client.send(Buffer.concat([Buffer.from([to]), Buffer.from(text)]));

  it('carries output by channel and ends with the Status and a normal close', async () => {
    await connect();
    session.print(channel.stdout, 'out');
    session.print(channel.stderr, 'err');
    session.print(channel.error, success);
    session.finish();
    const [code] = (await once(client, 'close')) as [number];
    assert.equal(code, 1000);
    assert.deepEqual(received, [
      { channel: 1, text: 'out' },
      { channel: 2, text: 'err' },
      { channel: 3, text: success },
    ]);
    await served;
    assert.ok(session.isClosed);
  });

  it('carries input, window sizes and the end of input, in order', async () => {
    await connect();
    send(channel.stdin, 'abc');
    send(channel.resize, '{"Width":80,"Height":24}\n');
    send(channel.stdin, '');
    client.send(Buffer.from([255, 0]));
    await until(() => session.ended.length === 1);
    assert.deepEqual(session.written, [
      { channel: 0, text: 'abc' },
      { channel: 4, text: '{"Width":80,"Height":24}\n' },
    ]);
    assert.deepEqual(session.ended, [channel.stdin]);
  });

  it('tells a failure when the session ends without a Status', async () => {
    await connect();
    session.print(channel.stdout, 'half');
    session.finish();
    await once(client, 'close');
    const status = JSON.parse(received.at(-1)?.text ?? '') as { status: string; message: string };
    assert.equal(status.status, 'Failure');
    assert.match(status.message, /without a result/);
  });

  it('tells a failure when the session cannot begin or breaks', async () => {
    opened = () => Promise.reject(new Error('the node is away'));
    await connect();
    await once(client, 'close');
    assert.match(received.at(-1)?.text ?? '', /"status":"Failure","message":"the node is away"/);
  });

  it('ends the session when the client goes', async () => {
    await connect();
    client.terminate();
    await until(() => session.isClosed);
    await served;
  });

  it('stops reading a client whose input nobody takes, and goes on later', async () => {
    let makeRoom = (): void => undefined;
    session.room = new Promise((resolve) => (makeRoom = resolve));
    await connect();
    for (let count = 0; count < 40; count += 1) send(channel.stdin, 'x'.repeat(64 * 1024));
    const [socket] = [...server.clients];
    await until(() => socket?.isPaused === true);
    makeRoom();
    await until(() => session.written.length === 40);
    assert.equal(socket?.isPaused, false);
  });
});
