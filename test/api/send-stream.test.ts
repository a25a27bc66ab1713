import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, get, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sendStream } from '../../controller/api/http/send.ts';
import { systemClock } from '../../shared/clock.ts';

describe('sendStream', () => {
  it('ends when the connection goes in the moment in which the source ends', async () => {
    const sent = Promise.withResolvers<void>();
    const server = createServer((_, response) => {
      const reply = { kind: 'stream' as const, contentType: 'text/plain', chunks: linesUntilCut(response) };
      sendStream(response, reply, systemClock, new AbortController().signal).then(sent.resolve, sent.reject);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    get({ host: '127.0.0.1', port }).on('error', () => undefined);
    await sent.promise;
    server.close();
    await once(server, 'close');
    assert.equal(server.listening, false);
  });
});

async function* linesUntilCut(response: ServerResponse): AsyncGenerator<string, void> {
  yield 'one\n';
  await Promise.resolve();
  response.socket?.destroy();
}
