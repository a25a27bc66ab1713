/**
 * The API with 10,000 pods stored: time to get one, to list 1,000, to create one, and until 1,000 watchers have an event,
 * each at the median and the 99th percentile; reads against a server that only sends the same bytes over TLS, and
 * `kubectl get pods` with an empty cache against the same. `node bench/api.ts [pods] [watchers]`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { podManifest } from '../test/api/manifests.ts';
import { Numbers } from './numbers.ts';

const pods = Number(process.argv[2] ?? 10_000);
const watchers = Number(process.argv[3] ?? 1_000);
const events = 100;
const path = '/api/v1/namespaces/default/pods';

interface Servers {
  port: number;
  peerPort: number;
  token: string;
  authority: string;
  kubeconfig: string;
}

const directory = await mkdtemp(join(tmpdir(), 'berth-bench-'));
const program = join(import.meta.dirname, 'api-server.ts');
const child = spawn(process.execPath, [program, directory, String(pods)], { stdio: ['pipe', 'pipe', 'inherit'] });
try {
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const servers = JSON.parse(line) as Servers;
  const agent = new Agent({ keepAlive: true, maxSockets: watchers + 10, ca: servers.authority });
  await measureCalls(servers, agent);
  await measureKubectl(servers);
  await measureWatchers(servers, agent);
  agent.destroy();
} finally {
  await ended(child);
  await rm(directory, { recursive: true, force: true });
}

async function measureCalls({ port, peerPort, token }: Servers, agent: Agent): Promise<void> {
  const numbers = new Numbers();
  const time = async (
    what: string,
    times: number,
    to: number,
    method: string,
    at: (round: number) => string,
  ): Promise<void> => {
    for (let round = 0; round < times; round += 1) {
      const body = method === 'POST' ? JSON.stringify(podManifest(`new-${round}`)) : undefined;
      const begin = performance.now();
      await drain(await send(agent, to, token, method, at(round), body));
      if (round >= times / 10) numbers.add(what, performance.now() - begin);
    }
  };
  const one = (round: number): string => `${path}/pod-${String((round * 7) % Math.min(pods, 200)).padStart(5, '0')}`;
  const page = (): string => `${path}?limit=1000`;
  await time('get', 2000, port, 'GET', one);
  await time('get, bytes alone', 2000, peerPort, 'GET', one);
  await time('list of 1,000', 150, port, 'GET', page);
  await time('list, bytes alone', 150, peerPort, 'GET', page);
  await time('create', 1000, port, 'POST', () => path);
  numbers.printPercentiles('ms');
  numbers.printRatio('get', 'get, bytes alone');
  numbers.printRatio('list of 1,000', 'list, bytes alone');
}

async function measureWatchers({ port, peerPort, token }: Servers, agent: Agent): Promise<void> {
  const numbers = new Numbers();
  const version = await newestVersion(agent, port, token);
  const served = `event at ${watchers} watchers`;
  const floor = 'event, bytes alone';
  let line = '';
  const time = async (what: string, to: number, body: (round: number) => string): Promise<void> => {
    const streams: IncomingMessage[] = [];
    let arrived = 0;
    let written = 0;
    let warm = false;
    let all: () => void = () => undefined;
    for (let at = 0; at < watchers; at += 1) {
      const stream = await send(agent, to, token, 'GET', `${path}?watch=1&resourceVersion=${version}`);
      streams.push(stream);
      createInterface({ input: stream }).on('line', (text) => {
        if (warm) numbers.add(what, performance.now() - written);
        line = text;
        arrived += 1;
        if (arrived % watchers === 0) all();
      });
    }
    for (let round = 0; round < events; round += 1) {
      const everybody = new Promise<void>((resolve) => (all = resolve));
      warm = round >= events / 10;
      written = performance.now();
      await drain(await send(agent, to, token, 'POST', path, body(round)));
      await everybody;
    }
    for (const stream of streams) stream.on('error', () => undefined).destroy();
  };
  await time(served, port, (round) => JSON.stringify(podManifest(`seen-${round}`)));
  const last = `${line}\n`;
  await time(floor, peerPort, () => last);
  numbers.printPercentiles('ms');
  numbers.printRatio(served, floor);
}

async function newestVersion(agent: Agent, port: number, token: string): Promise<string> {
  const list = JSON.parse(await drain(await send(agent, port, token, 'GET', `${path}?limit=1`))) as {
    metadata: { resourceVersion: string };
  };
  return list.metadata.resourceVersion;
}

/** With an empty home each time, so that discovery is asked for too. */
async function measureKubectl({ kubeconfig, port, peerPort }: Servers): Promise<void> {
  const numbers = new Numbers();
  const peer = join(directory, 'peer.kubeconfig');
  await writeFile(peer, (await readFile(kubeconfig, 'utf8')).replaceAll(`:${port}`, `:${peerPort}`), { mode: 0o600 });
  for (let round = 0; round < 12; round += 1) {
    for (const [what, config] of [
      ['kubectl get pods', kubeconfig],
      ['kubectl, bytes alone', peer],
    ] as const) {
      const begin = performance.now();
      await kubectl(config, join(directory, `${what}-${round}`));
      if (round > 1) numbers.add(what, performance.now() - begin);
    }
  }
  numbers.print('ms');
  numbers.printRatio('kubectl get pods', 'kubectl, bytes alone');
}

async function kubectl(kubeconfig: string, home: string): Promise<void> {
  const env = { HOME: home, PATH: process.env['PATH'] ?? '', KUBECONFIG: kubeconfig };
  const run = spawn('kubectl', ['get', 'pods', '-l', 'shard=1'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = (await once(run, 'close')) as [number];
  if (code !== 0) throw new Error(`kubectl ended with ${code}`);
}

function send(
  agent: Agent,
  port: number,
  token: string,
  method: string,
  at: string,
  body?: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    };
    const sent = request({ host: '127.0.0.1', port, path: at, method, agent, headers }, resolve);
    sent.on('error', reject).end(body);
  });
}

async function drain(message: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of message) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks).toString();
}

async function ended(process: ChildProcess): Promise<void> {
  process.stdin?.end();
  if (process.exitCode === null) await once(process, 'close');
}
