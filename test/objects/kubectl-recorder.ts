import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

/** A request that kubectl has sent. */
export interface RecordedRequest {
  method: string;
  url: string;
  contentType: string | undefined;
  body: Buffer;
}

/**
 * Runs kubectl against a server that answers every request with `404` or, when it wants to write, with what it sent
 * being "created", and returns the writes.
 */
export async function recordKubectl(...args: string[]): Promise<RecordedRequest[]> {
  const requests: RecordedRequest[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { method = '', url = '', headers } = request;
      if (method !== 'GET') requests.push({ method, url, contentType: headers['content-type'], body });
      response.writeHead(method === 'GET' ? 404 : 201, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ apiVersion: 'v1', kind: 'Status', status: 'Success', metadata: {} }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    const options = ['--server', `http://127.0.0.1:${port}`, '--kubeconfig', '/dev/null', '-n', 'default'];
    await promisify(execFile)('kubectl', [...options, ...args]).catch(() => undefined);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  return requests;
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Says whether kubectl is here. */
export async function hasKubectl(): Promise<boolean> {
  return promisify(execFile)('kubectl', ['version', '--client']).then(
    () => true,
    () => false,
  );
}
