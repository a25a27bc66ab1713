import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A write that kubectl has sent. */
export interface RecordedWrite {
  url: string;
  contentType: string | undefined;
  body: Buffer;
}

export interface KubectlRun {
  output: string;
  writes: RecordedWrite[];
  /** Paths of all that it asked for, without queries. */
  reads: string[];
}

/** Runs kubectl against a server with these answers to GET, by path; it says 404 to the rest and accepts every write. */
export async function runKubectl(args: readonly string[], answers: Record<string, unknown> = {}): Promise<KubectlRun> {
  const writes: RecordedWrite[] = [];
  const reads: string[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const { method, url = '', headers } = request;
      const [path = ''] = url.split('?');
      if (method === 'GET') reads.push(path);
      else writes.push({ url, contentType: headers['content-type'], body });
      const isKnown = Object.hasOwn(answers, path);
      const code = method === 'GET' ? (isKnown ? 200 : 404) : 201;
      response.writeHead(code, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify((isKnown && answers[path]) || { apiVersion: 'v1', kind: 'Status', metadata: {} }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const cache = await mkdtemp(join(tmpdir(), 'berth-kubectl-'));
  try {
    const options = ['--server', `http://127.0.0.1:${port}`, '--kubeconfig', '/dev/null', '--cache-dir', cache];
    const { stdout, stderr } = await promisify(execFile)('kubectl', [...options, '-n', 'default', ...args]).catch(
      (error: { stdout?: string; stderr?: string }) => error,
    );
    return { output: `${stdout ?? ''}${stderr ?? ''}`, writes, reads };
  } finally {
    server.close();
    server.closeAllConnections();
    await rm(cache, { recursive: true, force: true });
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
