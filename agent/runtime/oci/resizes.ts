import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError } from '../../../shared/errors.ts';
import { writeAtomic } from '../../host/files.ts';
import { run } from '../../host/run.ts';
import type { ContainerSize } from '../driver.ts';
import type { ContainerEntry, ContainerTable } from './container-table.ts';
import { type OciHost, runtimeNamed } from './host.ts';
import { bundleFiles, type Layout } from './layout.ts';
import { sharePod } from './pod-share.ts';
import { cgroupOf, type ContainerRecord } from './records.ts';
import { limitsOf } from './spec/build-spec.ts';

interface ResizesDeps {
  host: OciHost;
  layout: Layout;
  cgroupParent: string;
  table: ContainerTable;
}

const updateDeadlineMs = 15_000;

/** Changes the limits of containers that run. */
export class Resizes {
  readonly #deps: ResizesDeps;

  constructor(deps: ResizesDeps) {
    this.#deps = deps;
  }

  /** Throws Conflict when it does not run or uses more memory, InternalError with the runtime's words when that refuses. */
  async resize(entry: ContainerEntry, size: ContainerSize): Promise<void> {
    const { record } = entry;
    if (record.phase !== 'running') throw new ApiError('Conflict', `container ${record.name} is not running`);
    await this.#checkMemory(record, size);
    await this.#update(record, size);
    await this.#deps.table.update(entry, { size: { ...record.size, ...size } });
    sharePod(this.#deps, record.pod);
  }

  /** cgroup v2 would take the limit, and kill the container for it. */
  async #checkMemory(
    { id, pod, size: before }: ContainerRecord,
    { memoryLimitBytes: limit }: ContainerSize,
  ): Promise<void> {
    if (limit === undefined || limit >= (before?.memoryLimitBytes ?? Infinity)) return;
    const usage = await this.#deps.host.cgroups.usage(cgroupOf(this.#deps.cgroupParent, pod, id));
    const used = usage?.workingSetBytes ?? 0;
    if (used < limit) return;
    const sizes = `(${String(limit)}) below current usage (${String(used)})`;
    throw new ApiError('Conflict', `attempting to set container memory limit ${sizes}`);
  }

  /** By a file, since crun reads no standard input that is a socket. */
  async #update({ id, runtime: name }: ContainerRecord, size: ContainerSize): Promise<void> {
    const { host, layout } = this.#deps;
    const runtime = await runtimeNamed(host, name);
    const file = join(bundleFiles(layout, id).bundle, 'resources.json');
    await writeAtomic(file, JSON.stringify(limitsOf(size, host.limits)));
    try {
      const args = ['--root', join(layout.runtimeRoots, runtime.name), 'update', '--resources', file, id];
      const { code, stderr } = await run(runtime.path, args, { timeoutMs: updateDeadlineMs });
      if (code !== 0) throw new ApiError('InternalError', stderr.trim());
    } finally {
      await rm(file, { force: true });
    }
  }
}
