import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '../agent/host/run.ts';
import type { AgentPaths } from '../agent/paths.ts';
import type { OciSpec } from '../agent/runtime/oci/spec/oci-spec.ts';

/** The runtime alone, as a floor: the bundle of one of Berth's containers, run by `runc` without Berth. */
export interface RawBundle {
  directory: string;
  name: string;
  state: string;
}

/**
 * A bundle at `directory` with the settings of a container and a copy of `root`, with namespaces that the runtime makes
 * itself and a cgroup beside Berth's.
 */
export async function makeRawBundle(
  paths: AgentPaths,
  container: string,
  root: string,
  directory: string,
): Promise<RawBundle> {
  const config = JSON.parse(await readFile(join(paths.run, 'c', container, 'config.json'), 'utf8')) as OciSpec;
  const name = `raw-${basename(directory)}`;
  await mkdir(directory, { recursive: true });
  await cp(root, join(directory, 'root'), { recursive: true, verbatimSymlinks: true });
  const spec = {
    ...config,
    root: { ...config.root, path: join(directory, 'root') },
    linux: {
      ...config.linux,
      namespaces: config.linux.namespaces.map(({ type }) => ({ type })),
      cgroupsPath: `${paths.cgroup}/raw/${name}`,
    },
  };
  await writeFile(join(directory, 'config.json'), JSON.stringify(spec));
  return { directory, name, state: join(directory, 'state') };
}

/** Time when `runc run` has brought the command to write its first output; in ms since `begin`. */
export async function timeRawOutput({ directory, name, state }: RawBundle): Promise<number> {
  const begin = performance.now();
  const runc = spawn('runc', ['--root', state, 'run', '--bundle', directory, name], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  runc.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const exited = once(runc, 'exit');
  const isRunning = await Promise.race([once(runc.stdout, 'data').then(() => true), exited.then(() => false)]);
  const took = performance.now() - begin;
  await run('runc', ['--root', state, 'delete', '--force', name]);
  await exited;
  if (!isRunning) throw new Error(`runc run: ${said.join('')}`);
  return took;
}

/** Time until `runc run --detach` has returned, in ms. */
export async function timeRawDetached({ directory, name, state }: RawBundle): Promise<number> {
  const runc = ['runc', '--root', state, 'run', '--detach', '--bundle', directory, name];
  const begin = performance.now();
  const { code, stderr } = await run('sh', ['-c', 'exec "$@" >/dev/null 2>&1', 'sh', ...runc]);
  const took = performance.now() - begin;
  if (code !== 0) throw new Error(stderr);
  await run('runc', ['--root', state, 'delete', '--force', name]);
  return took;
}
