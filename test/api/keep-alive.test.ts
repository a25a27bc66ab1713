import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { keepAlive } from '../../controller/api/http/keep-alive.ts';
import { Scope } from '../../shared/scope.ts';
import { ManualClock } from '../fakes/manual-clock.ts';
import { until } from '../support/until.ts';

describe('keeping a WebSocket alive', () => {
  let server: WebSocketServer;
  let clock: ManualClock;
  let scope: Scope;
  let client: WebSocket;
  let served: WebSocket;

  beforeEach(async () => {
    clock = new ManualClock();
    scope = new Scope('test');
    server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    server.on('connection', (socket) => {
      served = socket;
      scope.spawn(
        (signal) => keepAlive(socket, clock, signal),
        (error) => assert.fail(String(error)),
      );
    });
    await once(server, 'listening');
    client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await once(client, 'ping');
  });
  afterEach(async () => {
    client.terminate();
    server.close();
    await scope.close();
  });

  const minutes = async (count: number): Promise<void> => {
    for (let quarter = 0; quarter < count * 4; quarter += 1) await clock.advance(15_000);
  };

  it('pings, and keeps a client that answers', async () => {
    for (let round = 0; round < 30; round += 1) {
      const answered = once(served, 'pong');
      await clock.advance(15_000);
      await answered;
    }
    assert.equal(served.readyState, WebSocket.OPEN);
  });

  it('keeps a client that is suspended for minutes, and cuts it off when it stays away', async () => {
    client.pause();
    await minutes(4);
    assert.equal(served.readyState, WebSocket.OPEN);
    const closed = once(served, 'close');
    await minutes(2);
    await closed;
  });

  it('keeps a client that is not read since what it has sent waits', async () => {
    served.pause();
    await minutes(10);
    assert.equal(served.readyState, WebSocket.OPEN);
    served.resume();
    const answered = once(served, 'pong');
    await clock.advance(15_000);
    await answered;
    await until(() => served.readyState === WebSocket.OPEN);
  });
});
