import type { ContainerSample, PodSample, SamplesRequest } from '../../shared/bus/messages.ts';
import type { Clock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/log.ts';
import type { ControllerLink } from '../controller-link.ts';
import type { AgentPaths } from '../paths.ts';
import type { RuntimeDriver } from '../runtime/driver.ts';
import { nodeUsage } from './node-usage.ts';

interface Deps {
  driver: Pick<RuntimeDriver, 'usage' | 'listContainers' | 'listSandboxes'>;
  link: Pick<ControllerLink, 'sendSamples'>;
  paths: Pick<AgentPaths, 'data'>;
  clock: Clock;
  log: Logger;
}

const periodMs = 10_000;

/** Measures containers, pods and the node every ten seconds. A sample that cannot be taken or sent is left out. */
export class Sampler {
  readonly #deps: Deps;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, link, log } = this.#deps;
    let due = clock.monotonic();
    while (!signal.aborted) {
      try {
        link.sendSamples(await this.sample());
      } catch (error) {
        log.warn('cannot take samples', { error });
      }
      due = Math.max(due + periodMs, clock.monotonic());
      await clock.sleep(due - clock.monotonic(), signal);
    }
  }

  /** One set, of now. */
  async sample(): Promise<SamplesRequest> {
    const { driver, paths, clock } = this.#deps;
    const [usage, containers, sandboxes, node] = await Promise.all([
      driver.usage(),
      driver.listContainers(),
      driver.listSandboxes(),
      nodeUsage(paths.data),
    ]);
    const byId = new Map(containers.map((status) => [status.id, status]));
    const samples = usage.containers.flatMap(({ id, cpuSeconds, workingSetBytes }): ContainerSample[] => {
      const status = byId.get(id);
      if (status === undefined) return [];
      const { pod, name: container, startedAt } = status;
      return [{ ...podOf(pod), container, cpuSeconds, workingSetBytes, startedAt }];
    });
    const podById = new Map(sandboxes.map(({ id, pod }) => [id, pod]));
    const pods = usage.sandboxes.flatMap(({ id, receivedBytes, sentBytes }): PodSample[] => {
      const pod = podById.get(id);
      return pod === undefined ? [] : [{ ...podOf(pod), receivedBytes, sentBytes }];
    });
    return { at: clock.now(), containers: samples, pods, node };
  }
}

function podOf({ namespace, name, uid }: { namespace: string; name: string; uid: string }): {
  namespace: string;
  pod: string;
  uid: string;
} {
  return { namespace, pod: name, uid };
}
