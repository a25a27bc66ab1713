import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { livingProcesses, recordProcess } from '../../shared/process-records.ts';

const startTimeoutMs = 15_000;

/** Starts Debian's docker-registry on loopback, unless it runs; `berth down` ends it. Resolves when it answers. */
export async function ensureRegistry(dataDir: string, address: string): Promise<void> {
  const isRunning = (): boolean => livingProcesses(dataDir).some(({ name }) => name === 'registry');
  if (isRunning() && (await answers(address))) return;
  const folder = join(dataDir, 'demo-registry');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(folder, 'images') } },
    http: { addr: address },
  };
  const file = join(folder, 'config.yml');
  writeFileSync(file, JSON.stringify(config));
  const log = openSync(join(folder, 'registry.log'), 'w', 0o600);
  const child = spawn('docker-registry', ['serve', file], { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
  recordProcess(dataDir, 'registry', child.pid ?? 0);
  const deadline = performance.now() + startTimeoutMs;
  while (!(await answers(address))) {
    if (performance.now() > deadline || !isRunning())
      throw new Error(`the registry did not start; see ${join(folder, 'registry.log')}`);
    await sleep(50);
  }
}

async function answers(address: string): Promise<boolean> {
  try {
    return (await fetch(`http://${address}/v2/`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

/** Says that the registry has this image. */
export async function hasImage(address: string, repository: string, tag: string): Promise<boolean> {
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json';
  const response = await fetch(`http://${address}/v2/${repository}/manifests/${tag}`, {
    method: 'HEAD',
    headers: { accept },
  });
  return response.ok;
}
