import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createTcp } from 'node:net';
import { Worker } from 'node:worker_threads';
import { NodeProber } from '../../../agent/probes/node-prober.ts';
import type { ProbeAction, ProbeResult } from '../../../agent/probes/prober.ts';
import type { ContainerId, ExecResult } from '../../../agent/runtime/driver.ts';
import { systemClock } from '../../../shared/clock.ts';
import { aPod } from '../../objects.ts';

describe('NodeProber', () => {
  let server: Server;
  let port: number;
  let answered: ExecResult = { exitCode: 0, output: '', timedOut: false };
  const seen: { url: string; headers: Record<string, unknown> }[] = [];
  const driver = { execSync: () => Promise.resolve(answered) };
  const { signal } = new AbortController();

  const check = (action: ProbeAction, timeoutMs = 2000): Promise<ProbeResult> => {
    const container = { name: 'main', ports: [{ name: 'web', containerPort: port }] };
    const target = { id: 'c' as ContainerId, pod: aPod(), container, ip: '127.0.0.1' };
    return new NodeProber({ driver, clock: systemClock }).check(action, target, timeoutMs, signal);
  };

  it('takes an answer that came in time, though this process was too busy to read it', async () => {
    const answers = `const { parentPort } = require('worker_threads');
      require('http').createServer((_, answer) => {
        parentPort.postMessage('asked');
        setTimeout(() => answer.end('fine'), 20);
      }).listen(0, '127.0.0.1', function () { parentPort.postMessage(this.address().port); })`;
    const worker = new Worker(answers, { eval: true });
    try {
      const [other] = (await once(worker, 'message')) as [number];
      const answer = check({ httpGet: { port: other } }, 100);
      await once(worker, 'message');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
      assert.equal((await answer).outcome, 'success');
    } finally {
      await worker.terminate();
    }
  });

  before(async () => {
    server = createServer((request, response) => {
      const url = request.url ?? '';
      seen.push({ url, headers: request.headers });
      if (url === '/bad') response.writeHead(503).end('sorry');
      else if (url === '/around') response.writeHead(302, { location: '/ok' }).end();
      else if (url === '/away') response.writeHead(302, { location: 'http://elsewhere.invalid/' }).end();
      else if (url === '/flood') response.end('x'.repeat(10_000_000));
      else if (url !== '/never') response.end('fine');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it('takes 200 to 399 for well and finds a port by its name', async () => {
    assert.deepEqual(await check({ httpGet: { port: 'web', path: '/ok' } }), { outcome: 'success', output: 'fine' });
    const { outcome, output } = await check({ httpGet: { port, path: '/bad' } });
    assert.equal(outcome, 'failure');
    assert.equal(output, 'HTTP probe failed with statuscode: 503');
  });

  it('sends the headers of the probe, also its Host', async () => {
    const httpHeaders = [
      { name: 'Host', value: 'my.example' },
      { name: 'X-A', value: '1' },
    ];
    await check({ httpGet: { port, path: '/headers', httpHeaders } });
    assert.equal(seen.at(-1)?.headers['host'], 'my.example');
    assert.equal(seen.at(-1)?.headers['x-a'], '1');
  });

  it('follows redirects within the host and warns of others', async () => {
    assert.equal((await check({ httpGet: { port, path: '/around' } })).output, 'fine');
    assert.equal((await check({ httpGet: { port, path: '/away' } })).outcome, 'warning');
  });

  it('keeps no more than a kilobyte of the answer', async () => {
    assert.equal((await check({ httpGet: { port, path: '/flood' } })).output.length, 1024);
  });

  it('fails at the timeout, and when nobody listens', async () => {
    const began = Date.now();
    const { outcome, output } = await check({ httpGet: { port, path: '/never' } }, 200);
    assert.equal(outcome, 'failure');
    const late = 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
    assert.equal(output, `Get "http://127.0.0.1:${port}/never": ${late}`);
    assert.ok(Date.now() - began < 1500);
    const closed = await check({ httpGet: { port: 1 } });
    const refused = 'dial tcp 127.0.0.1:1: connect: connection refused';
    assert.equal(closed.output, `Get "http://127.0.0.1:1/": ${refused}`);
    assert.equal((await check({ tcpSocket: { port: 1 } })).output, refused);
    assert.match(
      (await check({ grpc: { port: 1 } }, 1000)).output,
      /^timeout: failed to connect service "127\.0\.0\.1:1" within 1s: context deadline exceeded$/,
    );
  });

  it('names the port of a URL, and says what answered something else', async () => {
    const tcp = createTcp((socket) => socket.end()).listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const silent = (tcp.address() as AddressInfo).port;
    assert.equal(
      (await check({ httpGet: { port: silent, path: 'x' } })).output,
      `Get "http://127.0.0.1:${silent}/x": EOF`,
    );
    tcp.close();
    const secure = await check({ httpGet: { port: 'web', scheme: 'HTTPS', path: '/ok' } });
    const words = 'http: server gave HTTP response to HTTPS client';
    assert.equal(secure.output, `Get "https://127.0.0.1:${port}/ok": ${words}`);
    assert.equal((await check({ httpGet: { port: 'absent' } })).output, "couldn't find port: absent");
  });

  it('connects for tcp', async () => {
    const tcp = createTcp().listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const open = (tcp.address() as AddressInfo).port;
    assert.equal((await check({ tcpSocket: { port: open } })).outcome, 'success');
    tcp.close();
    await once(tcp, 'close');
    assert.equal((await check({ tcpSocket: { port: open } })).outcome, 'failure');
  });

  it('takes the exit code of a command, and a timeout for a failure', async () => {
    answered = { exitCode: 1, output: 'no', timedOut: false };
    assert.deepEqual(await check({ exec: { command: ['x'] } }), { outcome: 'failure', output: 'no' });
    answered = { exitCode: 0, output: 'yes', timedOut: false };
    assert.equal((await check({ exec: { command: ['x'] } })).outcome, 'success');
    answered = { exitCode: 0, output: '', timedOut: true };
    assert.match((await check({ exec: { command: ['x'] } }, 1000)).output, /timed out after 1s/);
  });

  it('asks the standard health service for grpc', async () => {
    const grpc = createHttp2();
    let status = 1;
    grpc.on('stream', (stream: ServerHttp2Stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      stream.end(Buffer.from([0, 0, 0, 0, 2, 8, status]));
    });
    grpc.listen(0, '127.0.0.1');
    await once(grpc, 'listening');
    const open = (grpc.address() as AddressInfo).port;
    assert.equal((await check({ grpc: { port: open, service: 'a' } })).outcome, 'success');
    status = 2;
    assert.match((await check({ grpc: { port: open } })).output, /NOT_SERVING/);
    grpc.close();
    assert.equal((await check({ grpc: { port: 1 } })).outcome, 'failure');
  });
});
