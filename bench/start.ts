/**
 * How long until the command of a new pod is executed, against `runc run --detach` on the same bundle: the runtime's own
 * time is the floor. Prints medians and their ratio; run as root on an otherwise idle machine:
 * `node bench/start.ts [rounds]`.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../agent/host/run.ts';
import type { ContainerId } from '../agent/runtime/driver.ts';
import type { OciSpec } from '../agent/runtime/oci/spec/oci-spec.ts';
import { aContainer, aSandbox } from '../test/conformance/runtime-bench.ts';
import { openOciBench } from '../test/agent/runtime/oci-bench.ts';

const rounds = Number(process.argv[2] ?? 20);
const bench = await openOciBench();
try {
  const times: Record<string, number[]> = { sandbox: [], create: [], start: [], berth: [], runc: [] };
  for (let round = 0; round < rounds; round += 1) {
    const id = await startPod(times);
    times['runc']?.push(await startRaw(id));
  }
  for (const [what, list] of Object.entries(times)) console.log(`${what.padEnd(8)} ${median(list).toFixed(1)} ms`);
  console.log(`ratio    ${(median(times['berth'] ?? []) / median(times['runc'] ?? [])).toFixed(2)}`);
} finally {
  await bench.close();
}

async function startPod(times: Record<string, number[]>): Promise<ContainerId> {
  const begin = performance.now();
  const sandbox = await aSandbox(bench);
  const connected = performance.now();
  const id = await bench.driver.createContainer(aContainer(bench, sandbox, 'exec sleep 1000'));
  const created = performance.now();
  await bench.driver.startContainer(id);
  const end = performance.now();
  times['sandbox']?.push(connected - begin);
  times['create']?.push(created - connected);
  times['start']?.push(end - created);
  times['berth']?.push(end - begin);
  return id;
}

/** The same settings and root, with namespaces that the runtime makes itself. */
async function startRaw(id: ContainerId): Promise<number> {
  const text = await readFile(join(bench.paths.run, 'c', id, 'config.json'), 'utf8');
  const spec = JSON.parse(text) as OciSpec;
  const raw = `raw-${id}`;
  const bundle = join(bench.directory, raw);
  await mkdir(bundle);
  const root = join(bundle, 'root');
  await cp(join(bench.directory, 'busybox'), root, { recursive: true, verbatimSymlinks: true });
  const namespaces = spec.linux.namespaces.map(({ type }) => ({ type }));
  const linux = { ...spec.linux, namespaces, cgroupsPath: `${bench.paths.cgroup}/raw/${id}` };
  await writeFile(join(bundle, 'config.json'), JSON.stringify({ ...spec, root: { ...spec.root, path: root }, linux }));
  const state = ['--root', join(bundle, 'state')];
  const begin = performance.now();
  const { code, stderr } = await run('sh', [
    '-c',
    'exec "$@" >/dev/null 2>&1',
    'sh',
    'runc',
    ...state,
    'run',
    '--detach',
    '--bundle',
    bundle,
    raw,
  ]);
  const took = performance.now() - begin;
  if (code !== 0) throw new Error(stderr);
  await run('runc', [...state, 'delete', '--force', raw]);
  return took;
}

function median(list: number[]): number {
  const sorted = [...list].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
