import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needs } from '../../support/needs.ts';

const program = '/usr/bin/docker-registry';
/** bcrypt of `secret`, for the user `robot`. */
const htpasswd = 'robot:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n';

/** Skips the test, or all of the block in a hook, unless a registry is installed. */
export function needsRegistry(context: Mocha.Context): void {
  needs(context, hasRegistry(), 'docker-registry');
}

export function hasRegistry(): boolean {
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export interface RealRegistry {
  /** `<address>:<port>` */
  host: string;
  close(): Promise<void>;
}

/** A real registry on a free port, of loopback unless told otherwise, with its content in a folder of its own. */
export async function startRegistry({ withPassword = false, address = '127.0.0.1' } = {}): Promise<RealRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-registry-'));
  const port = await freePort();
  await writeFile(join(folder, 'htpasswd'), htpasswd);
  const auth = `auth:\n  htpasswd:\n    realm: test\n    path: ${folder}/htpasswd\n`;
  const config = [
    'version: 0.1',
    'log:\n  level: error\n  accesslog:\n    disabled: true',
    `storage:\n  filesystem:\n    rootdirectory: ${folder}/data\n  delete:\n    enabled: true`,
    `http:\n  addr: ${address}:${port}`,
    withPassword ? auth : '',
  ];
  await writeFile(join(folder, 'config.yml'), config.join('\n'));
  const child = spawn(program, ['serve', join(folder, 'config.yml')], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'], OTEL_TRACES_EXPORTER: 'none' },
  });
  const host = `${address}:${port}`;
  await waitUntilReady(host, child);
  return {
    host,
    close: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function waitUntilReady(host: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline;) {
    if (child.exitCode !== null) throw new Error(`the registry ended with ${child.exitCode}`);
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    if (answer !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGKILL');
  throw new Error('the registry does not answer');
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
