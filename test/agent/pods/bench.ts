import { join } from 'node:path';
import { treeBytes } from '../../../agent/host/tree-size.ts';
import { agentPaths } from '../../../agent/paths.ts';
import { PodManager } from '../../../agent/pods/pod-manager.ts';
import type { ProbeResult } from '../../../agent/probes/prober.ts';
import { DiskReserve } from '../../../shared/disk-reserve.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { Container, Pod, PodSpec, PodStatus, Stored } from '../../../shared/objects/types.ts';
import { Scope } from '../../../shared/scope.ts';
import { FakeLink } from '../../fakes/fake-link.ts';
import { FakeRuntime } from '../../fakes/fake-runtime.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';
import { aPod } from '../../objects.ts';
import { untilSettled } from '../../support/until-settled.ts';

/** A node whose agent can be stopped and started again on the same runtime and disk. */
export class Bench {
  readonly clock = new ManualClock();
  readonly runtime = new FakeRuntime(this.clock);
  readonly link = new FakeLink();
  readonly probeAnswers = new Map<string, ProbeResult>();
  readonly drained: string[] = [];
  readonly removedVolumes: string[] = [];
  readonly measured: string[] = [];
  allocatable: Record<string, number> = {};
  volumesError: Error | undefined;
  allowedUnsafeSysctls: string[] = [];
  readonly reserve: DiskReserve;
  #scope = new Scope('bench');
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
    this.reserve = new DiskReserve(join(directory, 'reserve'), 1 << 20);
    this.runtime.images.add('hello:1');
    this.runtime.images.add('hello:2');
  }

  async start(): Promise<PodManager> {
    const paths = agentPaths(this.#directory, 'n1');
    const { clock, runtime: driver, link } = this;
    const manager = new PodManager({
      driver,
      link,
      clock,
      paths,
      log: silentLogger,
      volumes: {
        prepare: (pod) =>
          this.volumesError === undefined
            ? Promise.resolve(new Map((pod.spec?.volumes ?? []).map(({ name }) => [name, `/vol/${name}`])))
            : Promise.reject(this.volumesError),
        subPath: ({ volume, path }) => Promise.resolve(`/vol/${volume}/${path}`),
        remove: (uid) => Promise.resolve(void this.removedVolumes.push(uid)),
        list: () => Promise.resolve([]),
      },
      prober: {
        check: (action) => {
          const answer = this.probeAnswers.get(action.exec?.command?.[0] ?? '');
          return Promise.resolve(
            answer ?? {
              outcome: 'success',
              output: '',
            },
          );
        },
      },
      logs: {
        tail: () => Promise.resolve('last words'),
        drain: ({ name }) => Promise.resolve(void this.drained.push(name)),
        release: () => undefined,
      },
      node: {
        name: 'n1',
        hostname: 'n1',
        hostIP: '192.0.2.1',
        memoryBytes: 1 << 30,
        allocatable: this.allocatable,
      },
      api: () => undefined,
      allowedUnsafeSysctls: this.allowedUnsafeSysctls,
      reserve: this.reserve,
      measureTree: (path, stopAtBytes) => {
        this.measured.push(path);
        return treeBytes(path, { stopAtBytes, pause: () => Promise.resolve() });
      },
      hostDns: () =>
        Promise.resolve({
          servers: [],
          searches: [],
          options: [],
        }),
    });
    await manager.run(this.#scope);
    return manager;
  }

  async stop(): Promise<void> {
    await this.#scope.close();
    this.#scope = new Scope('bench');
  }

  /** Lets time pass until a condition holds. */
  until(condition: () => boolean, stepMs = 100): Promise<void> {
    return untilSettled(this.clock, condition, { stepMs });
  }

  statusOf(pod: Stored<Pod>): PodStatus {
    return this.link.last(pod.metadata.uid)?.status ?? {};
  }

  isReady(pod: Stored<Pod>): boolean {
    return this.statusOf(pod).conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  }

  waitingReason(pod: Stored<Pod>): string | undefined {
    return this.statusOf(pod).containerStatuses?.[0]?.state?.waiting?.reason;
  }

  delete(pod: Stored<Pod>, seconds: number): void {
    const metadata = {
      ...pod.metadata,
      deletionTimestamp: '2026-01-01T00:00:00Z',
      deletionGracePeriodSeconds: seconds,
    };
    this.link.desired.set('pods', { ...pod, metadata });
  }
}

/** A pod with one container that differs from the usual one. */
export function withContainer(container: Partial<Container>, spec: Partial<PodSpec> = {}): Stored<Pod> {
  const pod = aPod();
  const containers = [{ name: 'main', image: 'hello:1', imagePullPolicy: 'IfNotPresent', ...container }];
  return { ...pod, spec: { ...pod.spec, ...spec, containers } };
}
