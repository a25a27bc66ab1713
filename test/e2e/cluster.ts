import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'mocha';
import { agentPaths, type AgentPaths } from '../../agent/paths.ts';
import { makeRootfs } from '../../cli/machine/demo-image.ts';
import { ApiClient } from '../../cli/client/client.ts';
import { loadKubeconfig } from '../../cli/client/kubeconfig.ts';
import { hasReason } from '../../shared/errors.ts';
import type { Event, KubeObject, Pod, Stored } from '../../shared/objects/types.ts';
import { livingProcesses } from '../../shared/process-records.ts';
import { Kubectl } from '../api/kubectl.ts';
import { until } from '../support/until.ts';
import { outputOf, runCommand, type CommandOptions, type Outcome } from '../support/command.ts';
import { footprintOf, nothing, type Footprint } from './footprint.ts';
import { freePorts } from '../support/free-ports.ts';

export const launcher = join(import.meta.dirname, '../../berth');
const shownLines = 40;
const readyLine = /^berth ready kubeconfig=(\S+) api=(\S+) metrics=(\S+)$/m;

export interface Ready {
  kubeconfig: string;
  api: string;
  metrics: string;
}

/** Berth on this machine in a folder, on ports and in a pod network of its own; driven as users drive it. */
export class Cluster {
  /** Everything of this cluster; removed at its end. */
  readonly directory: string;
  readonly dataDir: string;
  readonly nodeName = 'node-1';
  readonly paths: AgentPaths;
  readonly upArguments: string[];
  readonly #agents: AgentPaths[];
  #up: ChildProcess | undefined;
  #ready: Ready | undefined;
  #client: ApiClient | undefined;
  #kubectl: Kubectl | undefined;

  private constructor(directory: string, listen: readonly string[]) {
    const [api = '', bus = '', metrics = ''] = listen;
    this.directory = directory;
    this.dataDir = join(directory, 'data');
    this.paths = agentPaths(this.dataDir, this.nodeName);
    this.#agents = [this.paths];
    this.upArguments = ['--data-dir', this.dataDir, '--node-name', this.nodeName];
    this.upArguments.push('--api-listen', api, '--bus-listen', bus, '--metrics-listen', metrics);
    this.upArguments.push('--pod-cidr', `10.${randomInt(100, 190)}.0.0/16`);
  }

  /** A cluster that does not run yet. The bus listens on `busHost`, where other hosts reach it. */
  static async create(busHost = '127.0.0.1'): Promise<Cluster> {
    const directory = await mkdtemp(join(tmpdir(), 'berth-e2e-'));
    const [api, bus, metrics] = await freePorts(3);
    return new Cluster(directory, [`127.0.0.1:${api}`, `${busHost}:${bus}`, `127.0.0.1:${metrics}`]);
  }

  /** Starts `berth up` and waits for its ready line; what it said is in the error when it does not come. */
  async up(more: readonly string[] = []): Promise<Ready> {
    const logFile = join(this.directory, 'up.log');
    const log = openSync(logFile, 'w');
    const up = spawn(launcher, ['up', ...this.upArguments, ...more], { stdio: ['ignore', log, log] });
    closeSync(log);
    this.#up = up;
    const said = (): string => readFileSync(logFile, 'utf8');
    await until(() => up.exitCode !== null || readyLine.test(said()), 'berth up is ready', {
      withinMs: 120_000,
      everyMs: 50,
    }).catch((error: unknown) => {
      throw new Error(said(), { cause: error });
    });
    const [, kubeconfig, api, metrics] = readyLine.exec(said()) ?? [];
    if (kubeconfig === undefined || api === undefined || metrics === undefined) throw new Error(said());
    this.#ready = { kubeconfig, api, metrics };
    return this.#ready;
  }

  /** What the last `up` said. */
  get ready(): Ready {
    if (this.#ready === undefined) throw new Error('the cluster is not up');
    return this.#ready;
  }

  get client(): ApiClient {
    this.#client ??= new ApiClient(loadKubeconfig(this.ready.kubeconfig));
    this.#client.onWarning = () => undefined;
    return this.#client;
  }

  async kubectl(): Promise<Kubectl> {
    const { directory } = this;
    this.#kubectl ??= await Kubectl.for({ directory, kubeconfig: () => Promise.resolve(this.ready.kubeconfig) });
    return this.#kubectl;
  }

  /** Signals `up` and waits until it has ended; resolves with its exit code, null when the signal ended it. */
  async endUp(signal: NodeJS.Signals): Promise<number | null> {
    const up = this.#up;
    if (up === undefined || up.exitCode !== null || up.signalCode !== null) return null;
    const exited = once(up, 'exit') as Promise<[number | null]>;
    up.kill(signal);
    return (await exited)[0];
  }

  /** Pid of a part that lives: `controller`, `nats-server`, `agent-<node>`. */
  pidOf(part: string): number | undefined {
    return livingProcesses(this.dataDir).find(({ name }) => name === part)?.pid;
  }

  /**
   * SIGKILL to a part; resolves with the pid that is no more. `meanwhile` happens before `up` may start the part again.
   */
  async kill(part: string, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<number> {
    const pid = this.pidOf(part);
    if (pid === undefined) throw new Error(`${part} does not live`);
    this.#up?.kill('SIGSTOP');
    try {
      process.kill(pid, 'SIGKILL');
      await until(() => this.pidOf(part) !== pid, `${part} has ended`);
      await meanwhile();
    } finally {
      this.#up?.kill('SIGCONT');
    }
    return pid;
  }

  /** Waits until a part lives again. */
  async untilBack(part: string, notPid: number): Promise<void> {
    const isBack = (): boolean => ![undefined, notPid].includes(this.pidOf(part));
    await until(isBack, `${part} is back`, { withinMs: 60_000, everyMs: 50 });
  }

  /** The command line of Berth, connected to this cluster. */
  run(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
    const KUBECONFIG = join(this.dataDir, 'admin.kubeconfig');
    return runCommand(launcher, args, { ...options, env: { KUBECONFIG, ...options.env } });
  }

  /** As `run`; throws unless the exit code is 0. */
  berth(args: readonly string[], options: CommandOptions = {}): Promise<string> {
    const KUBECONFIG = join(this.dataDir, 'admin.kubeconfig');
    return outputOf(launcher, args, { ...options, env: { KUBECONFIG, ...options.env } });
  }

  /** An image of BusyBox in the store of a node. */
  async importImage(name: string, place = { dataDir: this.dataDir, nodeName: this.nodeName }): Promise<void> {
    const { directory, tar } = makeRootfs('/bin/busybox');
    try {
      const { dataDir, nodeName } = place;
      await this.berth(['image', 'import', tar, name, '--data-dir', dataDir, '--node-name', nodeName]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /** Creates objects of the namespace `default`. */
  async create(...objects: readonly KubeObject[]): Promise<void> {
    for (const object of objects) {
      const group = object.apiVersion === 'v1' ? '/api/v1' : `/apis/${object.apiVersion}`;
      const resource = `${object.kind?.toLowerCase()}s`;
      await this.client.call('POST', `${group}/namespaces/default/${resource}`, { body: object });
    }
  }

  async delete(path: string, options: object = {}): Promise<void> {
    await this.client.call('DELETE', path, { body: { kind: 'DeleteOptions', apiVersion: 'v1', ...options } });
  }

  /** undefined when there is no such pod. */
  async pod(name: string): Promise<Stored<Pod> | undefined> {
    try {
      return await this.client.call<Stored<Pod>>('GET', `${podsPath}/${name}`);
    } catch (error) {
      if (hasReason(error, 'NotFound')) return undefined;
      throw error;
    }
  }

  async pods(labelSelector?: string): Promise<Stored<Pod>[]> {
    const list = await this.client.call<{ items: Stored<Pod>[] }>('GET', podsPath, { query: { labelSelector } });
    return list.items;
  }

  async eventsOf(pod: string): Promise<Event[]> {
    const query = { fieldSelector: `involvedObject.name=${pod}` };
    return (await this.client.call<{ items: Event[] }>('GET', '/api/v1/namespaces/default/events', { query })).items;
  }

  /** Waits until a pod is as wanted; its last status is in the error when it never is. */
  async untilPod(
    name: string,
    what: string,
    isMet: (pod: Stored<Pod>) => boolean,
    withinMs = 60_000,
  ): Promise<Stored<Pod>> {
    let last: Stored<Pod> | undefined;
    await until(
      async () => {
        last = await this.pod(name);
        return last !== undefined && isMet(last);
      },
      `pod ${name} ${what}`,
      { withinMs, everyMs: 100 },
    ).catch((error: unknown) => {
      throw new Error(`pod ${name} never ${what}; its status is ${JSON.stringify(last?.status)}`, { cause: error });
    });
    assert(last);
    return last;
  }

  /** For an `afterEach`: shows the last that Berth said when the test has failed. */
  explain(test: Test | undefined, more: readonly string[] = []): void {
    if (test?.state !== 'failed') return;
    for (const file of [join(this.directory, 'up.log'), ...more].filter((file) => existsSync(file))) {
      const lines = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-shownLines);
      process.stdout.write(`---- end of ${file}\n${lines.map((line) => line.slice(0, 600)).join('\n')}\n`);
    }
  }

  footprint(links: Iterable<string> = []): Promise<Footprint> {
    return footprintOf(this.dataDir, this.#agents, links);
  }

  /** Ends and removes everything, whatever state it is in. Throws when something of it stays. */
  async destroy(): Promise<void> {
    this.#client?.close();
    if (existsSync(this.dataDir)) await this.berth(['down', '--data-dir', this.dataDir, '--purge']);
    await this.endUp('SIGKILL');
    assert.deepEqual(await this.footprint(), nothing, 'berth down left something behind');
    await rm(this.directory, { recursive: true, force: true });
  }
}

export const podsPath = '/api/v1/namespaces/default/pods';

/** True when a pod is ready, as its condition says. */
export function isReady(pod: Stored<Pod>): boolean {
  return pod.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
}
