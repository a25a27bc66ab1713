import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { http } from '../../shared/http.ts';
import { messageOf } from '../../shared/errors.ts';

const keptLogs = 3;

/** The name of a healthy server; undefined while it does not answer. */
export async function nameOf(monitorPort: number): Promise<string | undefined> {
  try {
    if ((await get(monitorPort, '/healthz')) === undefined) return undefined;
    const { server_name: name } = JSON.parse((await get(monitorPort, '/varz')) ?? '{}') as { server_name?: string };
    return name;
  } catch {
    return undefined;
  }
}

/** The body of a 200 answer. Not by fetch, which would load a second HTTP client into the controller. */
async function get(port: number, path: string): Promise<string | undefined> {
  const asking = http.request({ host: '127.0.0.1', port, path, signal: AbortSignal.timeout(2000) }).end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  const body = await text(response);
  return response.statusCode === 200 ? body : undefined;
}

/** A port on loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The end of a log, in one line. */
export async function lastLines(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim().split('\n').slice(-3).join(' | ');
  } catch (error) {
    return messageOf(error);
  }
}

/** Removes all but the newest logs that the server put aside: an old server keeps them for ever. */
export async function pruneLogs(file: string): Promise<void> {
  const prefix = `${basename(file)}.`;
  const old = (await readdir(dirname(file))).filter((name) => name.startsWith(prefix)).sort();
  for (const name of old.slice(0, -keptLogs)) await rm(join(dirname(file), name), { force: true });
}
