import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiError } from '../../../shared/errors.ts';
import { identify, type ProcessIdentity } from '../../host/processes.ts';
import { run } from '../../host/run.ts';
import type { SandboxId } from '../driver.ts';
import type { OciHost } from './host.ts';
import type { Layout } from './layout.ts';
import { pauseProgram } from './pause-program.ts';
import type { OciSpec } from './spec/oci-spec.ts';
import { defaultSeccomp } from './spec/seccomp.ts';

interface FirstProcessesDeps {
  host: OciHost;
  layout: Layout;
}

/** What the first process of a shared process namespace needs to know of its sandbox. */
export interface FirstProcessSettings {
  id: SandboxId;
  /** The sandbox's own directory; exists. */
  directory: string;
  cgroup: string;
  namespaces: { type: string; path: string }[];
}

const nobody = 65_534;
const startDeadlineMs = 30_000;
const removeRounds = 200;
const pauseMs = 10;

/** The processes that hold a shared process namespace: it ends with its first one, and all in it with it. */
export class FirstProcesses {
  readonly #deps: FirstProcessesDeps;

  constructor(deps: FirstProcessesDeps) {
    this.#deps = deps;
  }

  /** Confined like any container, in a root of its own with nothing but itself: others in the namespace can look into it. */
  async start(settings: FirstProcessSettings): Promise<ProcessIdentity> {
    const program = pauseProgram();
    if (program === undefined) {
      throw new ApiError('BadRequest', `a shared process namespace is not possible on ${process.arch}`);
    }
    const bundle = join(settings.directory, 'first');
    const rootfs = join(bundle, 'rootfs');
    for (const name of ['proc', 'dev']) await mkdir(join(rootfs, name), { recursive: true });
    await writeFile(join(rootfs, 'pause'), program, { mode: 0o555 });
    await writeFile(join(bundle, 'config.json'), JSON.stringify(this.#spec(settings, rootfs)), { mode: 0o600 });
    const [pidFile, errorFile] = [join(bundle, 'pid'), join(bundle, 'error')];
    const { runtime } = this.#deps.host;
    const call = [runtime.path, '--root', this.#root, 'run', '--detach', '--bundle', bundle, '--pid-file', pidFile];
    // Its streams are those of the runtime's call: a pipe would tie it to this process.
    const script = 'errors=$1; shift; exec "$@" </dev/null >/dev/null 2>"$errors"';
    const { code } = await run('sh', ['-c', script, 'sh', errorFile, ...call, settings.id], {
      timeoutMs: startDeadlineMs,
    });
    const found = code === 0 ? await identify(Number(await readFile(pidFile, 'utf8'))) : undefined;
    if (found !== undefined) return found;
    const words = await readFile(errorFile, 'utf8').catch(() => '');
    throw new ApiError('InternalError', `shared process namespace: ${words.trim()}`);
  }

  /** Kills it and removes what the runtime keeps of it. Succeeds when it is gone. */
  async remove(id: SandboxId, cgroup: string): Promise<void> {
    const { cgroups } = this.#deps.host;
    for (let round = 0; round < removeRounds; round += 1) {
      await cgroups.kill(cgroup);
      if (await cgroups.remove(cgroup)) break;
      await sleep(pauseMs);
    }
    await rm(join(this.#root, id), { recursive: true, force: true });
  }

  get #root(): string {
    return join(this.#deps.layout.runtimeRoots, this.#deps.host.runtime.name);
  }

  #spec({ cgroup, namespaces }: FirstProcessSettings, rootfs: string): OciSpec {
    const hasPids = this.#deps.host.limits.cgroups.controllers.has('pids');
    return {
      ociVersion: '1.0.2',
      process: {
        terminal: false,
        args: ['/pause'],
        env: [],
        cwd: '/',
        user: { uid: nobody, gid: nobody, additionalGids: [] },
        capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
        rlimits: [],
        noNewPrivileges: true,
        oomScoreAdj: Math.max(-998, this.#deps.host.limits.minOomScoreAdj),
      },
      root: { path: rootfs, readonly: true },
      mounts: [{ destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] }],
      linux: {
        namespaces: [{ type: 'pid' }, { type: 'mount' }, ...namespaces],
        cgroupsPath: cgroup,
        resources: { devices: [{ allow: false, access: 'rwm' }], ...(hasPids ? { pids: { limit: 16 } } : {}) },
        rootfsPropagation: 'rprivate',
        maskedPaths: [],
        readonlyPaths: ['/proc/sys'],
        devices: [],
        seccomp: defaultSeccomp(new Set()),
      },
    };
  }
}
