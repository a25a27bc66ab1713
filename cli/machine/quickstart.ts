import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { formatExamples } from '../examples.ts';
import { makeRootfs } from './demo-image.ts';
import { ensureRegistry, hasImage } from './demo-registry.ts';
import { defaultDataDir } from '../client/kubeconfig.ts';
import { livingProcesses, type ProcessRecord } from '../../shared/process-records.ts';

interface QuickstartOptions {
  dataDir: string;
}

const registry = '127.0.0.1:7450';
const image = `${registry}/hello:1`;
const url = 'http://127.0.0.1:8088/';
const root = join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../..' : '../../..');
const upTimeoutMs = 90_000;

/** `berth quickstart`: Berth's main job on this machine, with nothing simulated; what `npm run quickstart` runs last. */
export function quickstartCommand(): Command {
  return new Command('quickstart')
    .description('Start Berth on this machine, with a demo')
    .option('--data-dir <dir>', 'where everything is kept', defaultDataDir)
    .addHelpText('after', formatExamples(['sudo berth quickstart']))
    .action(quickstart);
}

async function quickstart(options: QuickstartOptions): Promise<void> {
  const dataDir = resolve(options.dataDir);
  const ready = await ensureUp(dataDir);
  say(`a registry on ${registry} with the demo image`);
  await ensureRegistry(dataDir, registry);
  if (!(await hasImage(registry, 'hello', '1'))) pushDemoImage(dataDir);
  const kubeconfig = join(dataDir, 'admin.kubeconfig');
  const api = ['--kubeconfig', kubeconfig];
  say('the demo');
  berth('apply', '-f', join(root, 'manifests/hello.yaml'), ...api);
  berth('rollout', 'status', 'deployment/hello', '--timeout', '60s', ...api);
  berth('get', 'pods', '-o', 'wide', ...api);
  say(`one HTTP answer: GET ${url}`);
  process.stdout.write(await (await fetch(url, { signal: AbortSignal.timeout(10_000) })).text());
  say('its log');
  berth('logs', 'deployment/hello', '--tail', '3', ...api);
  say(`its metrics: ${ready['metrics']}`);
  process.stdout.write(`${await findMetric(ready['metrics'] ?? '')}\n`);
  say('what next');
  process.stdout.write(
    [
      `  ./berth get pods -A                  what runs`,
      `  ./berth scale deployment/hello --replicas=0`,
      `  kubectl --kubeconfig ${kubeconfig} get all`,
      `  ./berth down                         stop everything; --purge removes the data too`,
      '',
    ].join('\n'),
  );
}

function say(what: string): void {
  process.stdout.write(`\n== ${what}\n`);
}

/** Runs this very command line with other words, visibly. */
function berth(...args: string[]): void {
  process.stdout.write(
    `$ berth ${args.filter((arg, at) => arg !== '--kubeconfig' && args[at - 1] !== '--kubeconfig').join(' ')}\n`,
  );
  const { status } = spawnSync(join(root, 'berth'), args, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`berth ${args[0]} failed`);
}

/** Starts `berth up` in the background, unless it runs; resolves with what it says when it is ready. */
async function ensureUp(dataDir: string): Promise<Record<string, string>> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const log = join(dataDir, 'up.log');
  const find = (): ProcessRecord | undefined => livingProcesses(dataDir).find(({ name }) => name === 'up');
  const child = find() === undefined ? startUp(dataDir, log) : undefined;
  if (child === undefined) say(`Berth already runs on ${dataDir}`);
  const deadline = performance.now() + upTimeoutMs;
  for (;;) {
    const ready = find()?.ready;
    if (ready !== undefined) {
      process.stdout.write(
        `ready: ${Object.entries(ready)
          .map((pair) => pair.join('='))
          .join(' ')}\n`,
      );
      return ready;
    }
    if (performance.now() > deadline || (child !== undefined && child.exitCode !== null)) {
      throw new Error(`Berth did not start; ${log} says:\n${readFileSync(log, 'utf8').slice(-2000)}`);
    }
    await sleep(50);
  }
}

function startUp(dataDir: string, log: string): ChildProcess {
  say(`starting Berth (controller, bus, agent) on ${dataDir}, messages in ${log}`);
  const output = openSync(log, 'w', 0o600);
  const args = ['up', '--data-dir', dataDir, '--log-level', 'warn'];
  const child = spawn(join(root, 'berth'), args, { detached: true, stdio: ['ignore', output, output] });
  child.unref();
  closeSync(output);
  return child;
}

/** Makes the image from this machine's BusyBox and pushes it, both with Berth's own commands. */
function pushDemoImage(dataDir: string): void {
  const { directory, tar } = makeRootfs('/bin/busybox');
  try {
    berth('image', 'import', tar, image, '--data-dir', dataDir);
    berth('image', 'push', image, '--data-dir', dataDir);
    berth('image', 'rm', image, '--data-dir', dataDir);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The container's series appear with the first sample, some seconds after its start. */
async function findMetric(metricsUrl: string): Promise<string> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const text = await (await fetch(metricsUrl)).text();
    const line = text.split('\n').find((each) => /^container_memory_working_set_bytes\{.*container="web"/.test(each));
    if (line !== undefined) return line;
    if (performance.now() > deadline) throw new Error(`no metrics of the demo at ${metricsUrl}`);
    await sleep(250);
  }
}
