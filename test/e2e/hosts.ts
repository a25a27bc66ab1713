import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { agentPaths, type AgentPaths } from '../../agent/paths.ts';
import { destroyRuntime } from '../../agent/runtime/oci/destroy.ts';
import { until } from '../support/until.ts';
import { launcher } from './cluster.ts';

/** First process of a host: its own /run, /proc and /sys, then it reaps orphans until the host is killed. */
const init = `
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t proc proc /proc
  mkdir /run/cgroup && mount --rbind /sys/fs/cgroup /run/cgroup
  mount -t sysfs sysfs /sys && mount --rbind /run/cgroup /sys/fs/cgroup
  umount -l /run/cgroup
  ip link set lo up
  trap : TERM
  while :; do sleep 1000 & wait; done
`;

/** One host: network, mount and PID namespaces of its own, and an agent in them. */
export class Host {
  readonly name: string;
  readonly address: string;
  readonly dataDir: string;
  /** The end of its cable on the machine. */
  readonly link: string;
  readonly #bench: HostsInABox;
  #machine: ChildProcess | undefined;
  #initPid = 0;
  #agent: ChildProcess | undefined;

  constructor(bench: HostsInABox, name: string, address: string, link: string, dataDir: string) {
    this.#bench = bench;
    this.name = name;
    this.address = address;
    this.link = link;
    this.dataDir = dataDir;
  }

  get paths(): AgentPaths {
    return agentPaths(this.dataDir, this.name);
  }

  get logFile(): string {
    return join(this.dataDir, 'agent.log');
  }

  /** Pid of the agent as the machine outside sees it; undefined while there is none. */
  get agentPid(): number | undefined {
    return this.#agent === undefined ? undefined : childOf(this.#agent.pid ?? 0);
  }

  /** Makes the namespaces and plugs the host into the bridge. */
  async boot(): Promise<void> {
    mkdirSync(this.dataDir, { recursive: true });
    const flags = ['--net', '--mount', '--pid', '--uts', '--fork', '--kill-child=SIGKILL', '--propagation', 'private'];
    this.#machine = spawn('unshare', [...flags, 'bash', '-ec', init], { stdio: 'ignore' });
    const machinePid = this.#machine.pid ?? 0;
    await until(() => childOf(machinePid) !== undefined, 'the host has a first process');
    this.#initPid = childOf(machinePid) ?? 0;
    command('ip', ['link', 'add', this.link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(this.#initPid)]);
    command('ip', ['link', 'set', this.link, 'master', this.#bench.bridge, 'up']);
    await until(() => this.#inside(['test', '-d', '/sys/class/net/lo']), 'the host has booted');
    for (const words of [
      ['addr', 'add', `${this.address}/24`, 'dev', 'eth0'],
      ['link', 'set', 'eth0', 'up'],
      ['route', 'add', 'default', 'via', this.#bench.gateway],
    ]) {
      if (!this.#inside(['ip', ...words])) throw new Error(`ip ${words.join(' ')} failed on ${this.name}`);
    }
  }

  /** Starts the agent; a token is needed the first time. */
  startAgent(token?: string): void {
    const log = openSync(this.logFile, 'a');
    const args = ['--data-dir', this.dataDir, '--node-name', this.name, '--log-level', 'info'];
    this.#agent = spawn('nsenter', [...this.#namespaces(), launcher, 'agent', ...args], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...(token === undefined ? {} : { BERTH_JOIN_TOKEN: token }) },
    });
    closeSync(log);
  }

  /** SIGKILL to the agent alone; its containers run on. */
  async killAgent(): Promise<void> {
    const pid = this.agentPid;
    if (this.#agent === undefined || pid === undefined) return;
    const ended = once(this.#agent, 'exit');
    process.kill(pid, 'SIGKILL');
    await ended;
    this.#agent = undefined;
  }

  /** Runs a command on the host; its standard output. Throws when it fails. */
  run(words: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync('nsenter', [...this.#namespaces(), ...words], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`${words.join(' ')} on ${this.name}: ${stderr}`);
    return stdout;
  }

  /** Power cut: every process of the host at once, and its network. */
  async kill(): Promise<void> {
    if (this.#machine === undefined) return;
    const ended = once(this.#machine, 'exit');
    process.kill(this.#initPid, 'SIGKILL');
    await ended;
    this.#machine = undefined;
    this.#agent = undefined;
    spawnSync('ip', ['link', 'del', this.link], { stdio: 'ignore' });
  }

  #inside(words: readonly string[]): boolean {
    return spawnSync('nsenter', [...this.#namespaces(), ...words], { stdio: 'ignore' }).status === 0;
  }

  #namespaces(): string[] {
    return ['-t', String(this.#initPid), '-n', '-m', '-p', '-u', '--'];
  }
}

/** Hosts on one machine, joined by a bridge that this object owns. `destroy` leaves nothing behind. */
export class HostsInABox {
  readonly bridge: string;
  /** Address of the machine on the bridge. */
  readonly gateway: string;
  readonly #network: string;
  readonly #id = randomBytes(2).toString('hex');
  readonly #hosts: Host[] = [];

  constructor() {
    const [first = 0, second = 0] = randomBytes(2);
    this.#network = `10.${200 + (first % 50)}.${second}`;
    this.gateway = `${this.#network}.1`;
    this.bridge = `bt-${this.#id}`;
    // With an address of its own it does not change with the hosts that are plugged in.
    command('ip', ['link', 'add', this.bridge, 'address', `02:00:00:00:${this.#id.slice(0, 2)}:01`, 'type', 'bridge']);
    command('ip', ['addr', 'add', `${this.gateway}/24`, 'dev', this.bridge]);
    command('ip', ['link', 'set', this.bridge, 'up']);
  }

  /** A host that is plugged in and has no agent yet. */
  async addHost(name: string, dataDir: string): Promise<Host> {
    const number = this.#hosts.length + 1;
    const address = `${this.#network}.${number + 10}`;
    const host = new Host(this, name, address, `bt-${this.#id}-${number}`, dataDir);
    this.#hosts.push(host);
    await host.boot();
    return host;
  }

  /** Ends of the hosts' cables on the machine. */
  get links(): string[] {
    return this.#hosts.map(({ link }) => link);
  }

  /** Cuts the power of every host and removes what their agents left. */
  async destroy(): Promise<void> {
    for (const host of this.#hosts) {
      await host.kill();
      await destroyRuntime(host.paths);
    }
    spawnSync('ip', ['link', 'del', this.bridge], { stdio: 'ignore' });
  }
}

function command(name: string, args: readonly string[]): void {
  const { status, stderr } = spawnSync(name, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ${args.join(' ')}: ${stderr}`);
}

function childOf(pid: number): number | undefined {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return child === undefined || child === '' ? undefined : Number(child);
  } catch {
    return undefined;
  }
}
