import { Counter, Gauge, type Registry } from 'prom-client';
import type { SamplesRequest } from '../../shared/bus/messages.ts';
import type { Clock } from '../../shared/clock.ts';

/** A node that has sent nothing for so long has no series any more. */
const staleMs = 60_000;
/** More containers than a node can run are not believed. */
const maxContainers = 5_000;

const containerLabels = ['namespace', 'pod', 'container', 'node'] as const;
const podLabels = ['namespace', 'pod', 'node'] as const;
const nodeLabels = ['node'] as const;

type Latest = SamplesRequest & { receivedAt: number };

/** The newest sample of each node, as series with namespace, pod, container and node labels. */
export class Samples {
  readonly #clock: Clock;
  readonly #latest = new Map<string, Latest>();

  constructor(clock: Clock, registry: Registry) {
    this.#clock = clock;
    this.#registerContainers(registry);
    this.#registerPods(registry);
    this.#registerNodes(registry);
  }

  /** Takes what a node sent; the one before is forgotten. */
  ingest(node: string, samples: SamplesRequest): void {
    const containers = samples.containers.slice(0, maxContainers);
    const pods = samples.pods.slice(0, maxContainers);
    this.#latest.set(node, { ...samples, containers, pods, receivedAt: this.#clock.monotonic() });
  }

  /** The newest sample of a node, unless it is stale. */
  latest(node: string): SamplesRequest | undefined {
    return this.#fresh().find(([name]) => name === node)?.[1];
  }

  #fresh(): [string, Latest][] {
    const oldest = this.#clock.monotonic() - staleMs;
    for (const [node, { receivedAt }] of this.#latest) if (receivedAt < oldest) this.#latest.delete(node);
    return [...this.#latest];
  }

  #registerContainers(registry: Registry): void {
    const rows = () =>
      this.#fresh().flatMap(([node, { containers }]) =>
        containers.map((sample) => {
          const { namespace, pod, container } = sample;
          return { sample, labels: { namespace, pod, container, node } };
        }),
      );
    const register = { registers: [registry], labelNames: containerLabels };
    const cpu = new Counter({
      ...register,
      name: 'container_cpu_usage_seconds_total',
      help: 'CPU time the container has used since it started.',
      collect: () => {
        cpu.reset();
        for (const { labels, sample } of rows()) cpu.inc(labels, Math.max(0, sample.cpuSeconds));
      },
    });
    const memory = new Gauge({
      ...register,
      name: 'container_memory_working_set_bytes',
      help: 'Memory the container uses without file pages that could be dropped.',
      collect: () => {
        memory.reset();
        for (const { labels, sample } of rows()) memory.set(labels, sample.workingSetBytes);
      },
    });
    const started = new Gauge({
      ...register,
      name: 'container_start_time_seconds',
      help: 'When the container started, in seconds since the epoch.',
      collect: () => {
        started.reset();
        for (const { labels, sample } of rows()) started.set(labels, sample.startedAt / 1000);
      },
    });
  }

  #registerPods(registry: Registry): void {
    const rows = () =>
      this.#fresh().flatMap(([node, { pods }]) =>
        pods.map((sample) => ({ sample, labels: { namespace: sample.namespace, pod: sample.pod, node } })),
      );
    const register = { registers: [registry], labelNames: podLabels };
    const received = new Counter({
      ...register,
      name: 'container_network_receive_bytes_total',
      help: 'Bytes the pod has received.',
      collect: () => {
        received.reset();
        for (const { labels, sample } of rows()) received.inc(labels, Math.max(0, sample.receivedBytes));
      },
    });
    const sent = new Counter({
      ...register,
      name: 'container_network_transmit_bytes_total',
      help: 'Bytes the pod has sent.',
      collect: () => {
        sent.reset();
        for (const { labels, sample } of rows()) sent.inc(labels, Math.max(0, sample.sentBytes));
      },
    });
  }

  #registerNodes(registry: Registry): void {
    const register = { registers: [registry], labelNames: nodeLabels };
    const cpu = new Counter({
      ...register,
      name: 'berth_node_cpu_seconds_total',
      help: 'CPU time the node has used since it started.',
      collect: () => {
        cpu.reset();
        for (const [node, sample] of this.#fresh()) cpu.inc({ node }, Math.max(0, sample.node.cpuSeconds));
      },
    });
    const gauges = [
      ['berth_node_memory_working_set_bytes', 'Memory the node uses.', 'workingSetBytes'],
      ['berth_node_filesystem_used_bytes', 'Disk space used where the agent keeps its data.', 'filesystemUsedBytes'],
      [
        'berth_node_filesystem_size_bytes',
        'Size of the file system where the agent keeps its data.',
        'filesystemSizeBytes',
      ],
    ] as const;
    for (const [name, help, field] of gauges) {
      const gauge = new Gauge({
        ...register,
        name,
        help,
        collect: () => {
          gauge.reset();
          for (const [node, sample] of this.#fresh()) gauge.set({ node }, sample.node[field]);
        },
      });
    }
  }
}
