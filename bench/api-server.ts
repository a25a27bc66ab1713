/**
 * The servers that `bench/api.ts` measures, in a process of their own: an API server with pods in a SQLite file, and a
 * peer that does nothing but answer over TLS what the API server answered the first time, and send what is posted to it
 * to all that watch it. Prints one line of JSON.
 */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openStore } from '../controller/store/cached-store.ts';
import { openSqliteStore } from '../controller/store/sqlite-store.ts';
import { systemClock } from '../shared/clock.ts';
import type { Pod, Stored } from '../shared/objects/types.ts';
import { ensureBootstrap } from '../controller/api/bootstrap.ts';
import { ApiHarness, readText } from '../test/api/harness.ts';
import { aPod } from '../test/objects.ts';

const [directory = '', count = '10000'] = process.argv.slice(2);
const state = await openSqliteStore(join(directory, 'state.db'));
const store = await openStore(state, systemClock);
await ensureBootstrap(store);
await Promise.all(
  Array.from({ length: Number(count) }, (_, at) =>
    store.create('pods', storedPod(`pod-${String(at).padStart(5, '0')}`)),
  ),
);
const api = await ApiHarness.start({ store });
const peer = await startPeer();
const { port } = peer.address() as AddressInfo;
console.log(
  JSON.stringify({
    port: api.port,
    peerPort: port,
    token: api.token,
    authority: api.pki.authority,
    kubeconfig: await api.kubeconfig(),
  }),
);
process.stdin.resume().once('end', () => void stop());

async function stop(): Promise<void> {
  peer.close();
  peer.closeAllConnections();
  await api.stop();
  await state.close();
  process.exit(0);
}

function storedPod(name: string): Stored<Pod> {
  const pod = aPod({ name, labels: { app: 'web', shard: name.slice(-1) } });
  return { ...pod, metadata: { ...pod.metadata, namespace: 'default' } } as Stored<Pod>;
}

/** Answers what the API server does, asked once for each path and wanted format. */
async function startPeer(): Promise<Server> {
  const { certificate, privateKey } = await api.pki.serverIdentity('peer', ['localhost', '127.0.0.1']);
  const answers = new Map<string, { code: number; headers: Record<string, string>; body: string }>();
  const watchers = new Set<ServerResponse>();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url = '/', headers, method } = request;
    if (method === 'POST') {
      const event = await readText(request);
      for (const watcher of watchers) watcher.write(event);
      response.writeHead(201).end();
      return;
    }
    if (url.includes('watch=1')) {
      response.writeHead(200).flushHeaders();
      watchers.add(response.once('close', () => watchers.delete(response)));
      return;
    }
    const accept = headers.accept ?? '*/*';
    const key = `${url} ${accept}`;
    let known = answers.get(key);
    if (known === undefined) {
      const message = await api.open({ path: url, headers: { accept, authorization: `Bearer ${api.token}` } });
      const { 'content-type': contentType = '', etag = '' } = message.headers;
      const body = await readText(message);
      known = {
        code: message.statusCode ?? 500,
        headers: { 'content-type': contentType, ...(etag !== '' && { etag }) },
        body,
      };
      answers.set(key, known);
    }
    response
      .writeHead(known.code, { ...known.headers, 'content-length': Buffer.byteLength(known.body) })
      .end(known.body);
  };
  const server = createServer(
    { cert: certificate, key: privateKey },
    (request, response) => void answer(request, response),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
