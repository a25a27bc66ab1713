import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Endpoints } from '../../../agent/images/endpoints.ts';
import { exchange } from '../../../agent/images/http-exchange.ts';

describe('exchange', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  const serve = async (listener: RequestListener): Promise<string> => {
    server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  it('goes through the proxy of the environment, save to this machine', async () => {
    const asked: (string | undefined)[] = [];
    const proxy = await serve((request, response) => {
      asked.push(request.url);
      response.end('from the proxy');
    });
    const before = process.env['HTTP_PROXY'];
    process.env['HTTP_PROXY'] = proxy;
    const endpoints = new Endpoints(new Map());
    try {
      for (const base of ['http://registry.example', proxy]) {
        const url = new URL(`${base}/v2/`);
        const agent = endpoints.agent(url, { registry: url.host, base }, base !== proxy);
        await buffer(await exchange(url, { method: 'GET', headers: {}, agent, silenceMs: 5000 }));
      }
    } finally {
      endpoints.close();
      if (before === undefined) delete process.env['HTTP_PROXY'];
      else process.env['HTTP_PROXY'] = before;
    }
    assert.deepEqual(asked, ['http://registry.example/v2/', '/v2/']);
  });

  it('does not take a slow reader for a silent server', async () => {
    const bytes = 8 * 1024 * 1024;
    const base = await serve((_request, response) => response.end(Buffer.alloc(bytes)));
    const agent = new Agent();
    const answer = await exchange(new URL(base), { method: 'GET', headers: {}, agent, silenceMs: 500 });
    answer.read(0);
    await sleep(1_500); // three silences
    assert.equal((await buffer(answer)).length, bytes);
  });

  it('ends when the server falls silent, before the answer and in it', async () => {
    const base = await serve((request, response) => {
      if (request.url === '/begun') response.write('some');
    });
    const begin = (path: string): ReturnType<typeof exchange> =>
      exchange(new URL(base + path), { method: 'GET', headers: {}, agent: new Agent(), silenceMs: 100 });
    await assert.rejects(begin('/'), { code: 'NO_ANSWER' });
    await assert.rejects(buffer(await begin('/begun')), { code: 'STOPPED_SENDING' });
  });
});
