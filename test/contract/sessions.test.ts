import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { WebSocket } from 'ws';
import type { ExecRequest, PodExec } from '../../controller/api/pod-streams.ts';
import { channel } from '../../shared/bus/byte-stream.ts';
import { ApiError } from '../../shared/errors.ts';
import { FakeSession } from '../api/fake-session.ts';
import { ApiHarness } from '../api/harness.ts';
import { createRunningPod } from '../api/running-pod.ts';
import { until } from '../support/until.ts';

const pod = '/api/v1/namespaces/default/pods/web';
const exec = `${pod}/exec?command=sh&command=-c&command=exit%203&stdin=true&stdout=true&stderr=true`;
const bearer = 'base64url.bearer.authorization.k8s.io.';
const failed = {
  metadata: {},
  status: 'Failure',
  reason: 'NonZeroExitCode',
  message: 'command terminated with non-zero exit code: exit status 3',
  details: { causes: [{ reason: 'ExitCode', message: '3' }] },
};

interface Opened {
  socket: WebSocket;
  /** Each message as it came; text is marked by its type. */
  messages: (Buffer | string)[];
}

describe('sessions, by the bytes of their messages', () => {
  let api: ApiHarness;
  let sessions: { request: ExecRequest; session: FakeSession }[];
  let followers = 0;

  async function* lines(follow: boolean, signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    yield Buffer.from('one\n');
    yield Buffer.from('two\n');
    if (!follow) return;
    followers += 1;
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    followers -= 1;
  }

  before(async () => {
    const open: PodExec['exec'] = (_pod, request, signal) => {
      const session = new FakeSession();
      signal.addEventListener('abort', () => void session.close());
      sessions.push({ request, session });
      return Promise.resolve(session);
    };
    api = await ApiHarness.start({
      podExec: {
        exec: open,
        attach: (target, request, signal) => open(target, { command: [], ...request }, signal),
        forward: () => Promise.reject(new ApiError('ServiceUnavailable', 'nobody listens')),
      },
      podLogs: {
        read: (_pod, _container, { follow = false }, signal) => Promise.resolve(lines(follow, signal)),
        readDeleted: () => Promise.resolve(undefined),
      },
    });
    await createRunningPod(api, 'web');
  });
  beforeEach(() => {
    sessions = [];
  });
  after(() => api.stop());

  const dial = (path: string, protocols: string[], headers: Record<string, string> = {}): Opened => {
    const socket = new WebSocket(`wss://127.0.0.1:${api.port}${path}`, protocols, {
      ca: api.pki.authority,
      headers: { authorization: `Bearer ${api.token}`, ...headers },
    });
    const messages: (Buffer | string)[] = [];
    socket.on('message', (data: Buffer, isBinary) => messages.push(isBinary ? data : data.toString()));
    return { socket, messages };
  };
  const refusalOf = async ({ socket }: Opened): Promise<string> => {
    const [error] = (await once(socket, 'error')) as [Error];
    return error.message;
  };
  const begun = async (): Promise<FakeSession> => {
    await until(() => sessions.length === 1, 'the session has begun');
    return sessions[0]?.session ?? assert.fail();
  };

  const binary = [
    ['v5.channel.k8s.io', JSON.stringify(failed)],
    ['v4.channel.k8s.io', JSON.stringify(failed)],
    ['channel.k8s.io', failed.message],
    ['', failed.message],
  ] as const;
  for (const [protocol, last] of binary) {
    it(`exec in ${protocol === '' ? 'no subprotocol' : protocol}: a byte for the channel, then bytes`, async () => {
      const { socket, messages } = dial(exec, protocol === '' ? [] : [protocol]);
      await once(socket, 'open');
      assert.equal(socket.protocol, protocol);
      socket.send(Buffer.from('\0typed'));
      socket.send(Buffer.from('\x04{"Width":80,"Height":24}\n'));
      const session = await begun();
      await until(() => session.written.length === 2, 'the input arrives');
      assert.deepEqual(session.written, [
        { channel: channel.stdin, text: 'typed' },
        { channel: channel.resize, text: '{"Width":80,"Height":24}\n' },
      ]);
      session.print(channel.stdout, 'out');
      session.print(channel.stderr, 'err');
      session.print(channel.error, JSON.stringify(failed));
      session.finish();
      const [code] = (await once(socket, 'close')) as [number];
      assert.equal(code, 1000);
      assert.deepEqual(
        messages,
        ['\x01out', '\x02err', `\x03${last}`].map((text) => Buffer.from(text)),
      );
      assert.deepEqual(sessions[0]?.request.command, ['sh', '-c', 'exit 3']);
    });
  }

  for (const protocol of ['v4.base64.channel.k8s.io', 'base64.channel.k8s.io']) {
    it(`exec in ${protocol}: a digit for the channel, then base64, as text`, async () => {
      const { socket, messages } = dial(exec, [protocol]);
      await once(socket, 'open');
      socket.send(`0${Buffer.from('typed').toString('base64')}`);
      const session = await begun();
      await until(() => session.written.length === 1, 'the input arrives');
      assert.deepEqual(session.written, [{ channel: channel.stdin, text: 'typed' }]);
      session.print(channel.stdout, 'out');
      session.print(channel.error, JSON.stringify(failed));
      session.finish();
      await once(socket, 'close');
      const last = protocol.startsWith('v4') ? JSON.stringify(failed) : failed.message;
      assert.deepEqual(messages, ['1b3V0', `3${Buffer.from(last).toString('base64')}`]);
    });
  }

  it('says nothing of a success before v4, and a Status of it from then on', async () => {
    for (const [protocol, said] of [
      ['channel.k8s.io', []],
      ['v4.channel.k8s.io', ['\x03{"metadata":{},"status":"Success"}']],
    ] as const) {
      sessions = [];
      const { socket, messages } = dial(exec, [protocol]);
      const session = await begun();
      session.print(channel.error, '{"metadata":{},"status":"Success"}');
      session.finish();
      await once(socket, 'close');
      assert.deepEqual(messages.map(String), said);
    }
  });

  it('takes [255, 0] as the end of input, and leaves the output open', async () => {
    const { socket, messages } = dial(exec, ['v5.channel.k8s.io']);
    await once(socket, 'open');
    const session = await begun();
    socket.send(Buffer.from([255, 0]));
    await until(() => session.ended.includes(channel.stdin), 'the input has ended');
    session.print(channel.stdout, 'still here');
    await until(() => messages.length === 1, 'output arrives');
    assert.ok(!session.isClosed);
    socket.terminate();
    await until(() => session.isClosed, 'the session ends with its client');
  });

  it('answers pings while nothing is printed', async () => {
    const { socket } = dial(exec, ['v5.channel.k8s.io']);
    await once(socket, 'open');
    for (const word of ['a', 'b']) {
      const answered = once(socket, 'pong') as Promise<[Buffer]>;
      socket.ping(word);
      assert.equal((await answered)[0].toString(), word);
    }
    socket.terminate();
  });

  it('chooses the newest of the subprotocols that a client offers', async () => {
    const offered = ['v2.channel.k8s.io', 'channel.k8s.io', 'v4.channel.k8s.io', 'v5.channel.k8s.io'];
    const { socket } = dial(exec, offered);
    await once(socket, 'open');
    assert.equal(socket.protocol, 'v5.channel.k8s.io');
    socket.terminate();
  });

  it('refuses before the upgrade, with a Status, what cannot be', async () => {
    for (const method of ['GET', 'POST']) {
      for (const part of [exec, `${pod}/attach?stdout=true`, `${pod}/portforward`]) {
        const { code, json } = await api.call(method, part);
        assert.deepEqual([code, json.kind, json.reason], [400, 'Status', 'BadRequest']);
        assert.equal(json.message, 'Upgrade request required');
      }
    }
    assert.match(await refusalOf(dial(exec, ['v3.channel.k8s.io'])), /400/);
    assert.match(await refusalOf(dial(exec.replace('/web/', '/nothing/'), ['v5.channel.k8s.io'])), /404/);
    assert.match(await refusalOf(dial(`${exec}&container=other`, ['v5.channel.k8s.io'])), /400/);
    const guest = { authorization: 'Bearer guest-token' };
    assert.match(await refusalOf(dial(exec, ['v5.channel.k8s.io'], guest)), /403/);
    assert.equal(sessions.length, 0);
  });

  it('takes the token of a browser from the subprotocols, and does not repeat it', async () => {
    const token = bearer + Buffer.from(api.token).toString('base64url');
    const withToken = (protocols: string[]): Opened => {
      const socket = new WebSocket(`wss://127.0.0.1:${api.port}${exec}`, protocols, { ca: api.pki.authority });
      return { socket, messages: [] };
    };
    const { socket } = withToken([token, 'v4.channel.k8s.io']);
    await once(socket, 'open');
    assert.equal(socket.protocol, 'v4.channel.k8s.io');
    socket.terminate();
    assert.match(await refusalOf(withToken([token])), /401/);
    assert.match(await refusalOf(withToken([`${bearer}bm9uZQ`, 'v4.channel.k8s.io'])), /401/);
    assert.match(await refusalOf(withToken(['v4.channel.k8s.io'])), /401/);
  });

  it('ends the session of a client that says goodbye before it hears of the upgrade', async () => {
    for (const leave of ['end', 'destroy'] as const) {
      sessions = [];
      const socket = connectTls({ host: '127.0.0.1', port: api.port, ca: api.pki.authority });
      socket.on('error', () => undefined).resume();
      const head = [`GET ${exec} HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: websocket'];
      head.push('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==');
      head.push('Sec-WebSocket-Protocol: v5.channel.k8s.io', `Authorization: Bearer ${api.token}`);
      socket.write(`${head.join('\r\n')}\r\n\r\n`, () => socket[leave]());
      await once(socket, 'close');
      await until(() => sessions.every(({ session }) => session.isClosed), 'no session stays');
    }
  });

  describe('answers that go on', () => {
    const log = `${pod}/log`;

    it('log as WebSocket: a message for each piece, in bytes or in base64', async () => {
      for (const [protocols, expected] of [
        [['binary.k8s.io'], [Buffer.from('one\n'), Buffer.from('two\n')]],
        [[], [Buffer.from('one\n'), Buffer.from('two\n')]],
        [['base64.binary.k8s.io'], ['b25lCg==', 'dHdvCg==']],
      ] as const) {
        const { socket, messages } = dial(log, [...protocols]);
        const [code] = (await once(socket, 'close')) as [number];
        assert.deepEqual([code, socket.protocol, messages], [1000, protocols[0] ?? '', expected]);
      }
    });

    it('log as WebSocket: is followed until the client goes', async () => {
      const { socket } = dial(`${log}?follow=true`, ['binary.k8s.io']);
      await until(() => followers === 1, 'the log is followed');
      socket.terminate();
      await until(() => followers === 0, 'it is not any more');
    });

    it('log as WebSocket: is refused as a Status before the upgrade', async () => {
      assert.match(await refusalOf(dial(log, ['v4.channel.k8s.io'])), /400/);
      assert.match(await refusalOf(dial(log.replace('/web/', '/nothing/'), ['binary.k8s.io'])), /404/);
    });

    it('watch as WebSocket: an event in each message, as text', async () => {
      const maps = '/api/v1/namespaces/default/configmaps';
      const { socket, messages } = dial(`${maps}?watch=true`, []);
      for (const name of ['first', 'second']) {
        await api.call('POST', maps, { body: { metadata: { name } } });
        await until(() => messages.some((message) => String(message).includes(name)), `${name} arrives`);
      }
      const events = messages.map((message) => {
        const { type, object } = JSON.parse(String(message)) as { type: string; object: { metadata: object } };
        return { type, named: 'name' in object.metadata && object.metadata.name, isText: typeof message === 'string' };
      });
      assert.deepEqual(events, [
        { type: 'ADDED', named: 'first', isText: true },
        { type: 'ADDED', named: 'second', isText: true },
      ]);
      socket.terminate();
    });
  });
});
