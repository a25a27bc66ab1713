import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { ApiHarness } from '../harness.ts';
import { maps, pods } from './row.ts';
import { podManifest } from '../manifests.ts';

describe('hostile connections', () => {
  let api: ApiHarness;
  before(async () => {
    api = await ApiHarness.start();
    await api.call('POST', pods, { body: podManifest('bound') });
  });
  after(() => api.stop());

  const stillServes = async (version: number): Promise<void> => {
    assert.equal(api.store.version, version, 'something was stored');
    assert.equal((await api.call('GET', `${pods}/bound`)).code, 200);
  };
  const dial = async (): Promise<{ socket: TLSSocket; plain: Socket }> => {
    const plain = connectPlain(api.port, '127.0.0.1');
    const socket = connect({ socket: plain, host: '127.0.0.1', ca: api.pki.authority });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    return { socket, plain };
  };
  const exchange = async (text: string | Uint8Array): Promise<string> => {
    const { socket } = await dial();
    let received = '';
    socket.on('data', (data: Buffer) => (received += data.toString('latin1')));
    socket.write(text);
    await once(socket, 'close');
    return received;
  };
  const auth = `Host: x\r\nAuthorization: Bearer test-token\r\n`;
  const closing = `${auth}Connection: close\r\n`;

  const rows: [string, string | Uint8Array, RegExp | undefined][] = [
    ['noise', Buffer.from([0, 1, 2, 3, 255, 254]), /^HTTP\/1\.1 400 /],
    ['HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', /^HTTP\/1\.1 400 /],
    [
      'both lengths',
      `POST ${maps} HTTP/1.1\r\n${auth}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    [
      'two lengths',
      `POST ${maps} HTTP/1.1\r\n${auth}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`,
      /^HTTP\/1\.1 400 /,
    ],
    ['a negative length', `POST ${maps} HTTP/1.1\r\n${auth}Content-Length: -1\r\n\r\n`, /^HTTP\/1\.1 400 /],
    [
      'a broken chunk',
      `POST ${maps} HTTP/1.1\r\n${closing}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
    ['a header with NUL', `GET /api HTTP/1.1\r\n${auth}X: a\0b\r\n\r\n`, /^HTTP\/1\.1 400 /],
    ['a folded header', `GET /api HTTP/1.1\r\n${auth} folded: yes\r\n\r\n`, /^HTTP\/1\.1 4\d\d |^HTTP\/1\.1 401 /],
    [
      '100 KiB of headers',
      `GET /api HTTP/1.1\r\n${auth}X: ${'a'.repeat(100_000)}\r\n\r\n`,
      /^$|^HTTP\/1\.1 (400|431) /,
    ],
    ['an absolute target', `GET http://elsewhere/api HTTP/1.1\r\n${closing}\r\n`, /^HTTP\/1\.1 400 /],
    ['a target that is a star', `OPTIONS * HTTP/1.1\r\n${closing}\r\n`, /^HTTP\/1\.1 400 /],
    ['CONNECT', `CONNECT a:1 HTTP/1.1\r\n${closing}\r\n`, /^$|^HTTP\/1\.1 4/],
    [
      'an unknown upgrade',
      `GET /api HTTP/1.1\r\n${auth}Connection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n`,
      /^HTTP\/1\.1 200 /,
    ],
    [
      'a WebSocket where there is none',
      `GET /api HTTP/1.1\r\n${auth}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
      /^HTTP\/1\.1 [24]\d\d /,
    ],
    [
      'a WebSocket without its key',
      `GET ${pods}/bound/exec?command=a&stdout=1 HTTP/1.1\r\n${auth}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n`,
      /^HTTP\/1\.1 4\d\d /,
    ],
    [
      'a WebSocket without credentials',
      `GET ${pods}/bound/exec?command=a&stdout=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      /^HTTP\/1\.1 401 /,
    ],
    [
      'SPDY',
      `POST ${pods}/bound/exec?command=a&stdout=1 HTTP/1.1\r\n${auth}Connection: Upgrade, close\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\n`,
      /^HTTP\/1\.1 400 /,
    ],
  ];
  for (const [name, bytes, answer] of rows) {
    it(`are survived: ${name}`, async () => {
      const { version } = api.store;
      const received = await exchange(bytes);
      if (answer !== undefined) assert.match(received, answer);
      await stillServes(version);
    });
  }

  it('are survived: connections that end in the middle of anything', async () => {
    const { version } = api.store;
    const beginnings = [
      '',
      'GET /ap',
      `GET /api HTTP/1.1\r\nHost: x\r\nAuthor`,
      `POST ${maps} HTTP/1.1\r\n${auth}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"kind"`,
      `POST ${maps} HTTP/1.1\r\n${auth}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"a`,
      `GET ${maps}?watch=true HTTP/1.1\r\n${auth}\r\n`,
      `GET ${pods}/bound/exec?command=a&stdout=1 HTTP/1.1\r\n${auth}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    ];
    for (const beginning of beginnings) {
      const { socket, plain } = await dial();
      await new Promise((resolve) => socket.write(beginning, resolve));
      plain.resetAndDestroy();
      await once(socket, 'close');
    }
    await stillServes(version);
  });

  it('are ended with 408 when their headers, or anything at all, takes too long', async () => {
    const [slow, silent] = await Promise.all([exchange(`GET /api HTTP/1.1\r\n${auth}`), exchange('')]);
    for (const received of [slow, silent]) {
      const [head = '', body = ''] = received.split('\r\n\r\n');
      assert.match(head, /^HTTP\/1\.1 408 Request Timeout\r\n/);
      const { kind, reason, code } = JSON.parse(body) as Record<string, unknown>;
      assert.deepEqual([kind, reason, code], ['Status', 'Timeout', 408]);
    }
  }).timeout(30_000);

  it('are survived: a plain connection to the TLS port', async () => {
    const socket = connectPlain(api.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET / HTTP/1.1\r\n\r\n');
    socket.resume();
    await once(socket, 'close');
    await stillServes(api.store.version);
  });
});
