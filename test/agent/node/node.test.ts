import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentNode, type AgentNodeDeps } from '../../../agent/node/node.ts';
import { osName, parseRoutes } from '../../../agent/node/host-facts.ts';
import { availableMemory, pressureConditions, type Pressure } from '../../../agent/node/pressure.ts';
import type { RuntimeDriver } from '../../../agent/runtime/driver.ts';
import type { RegisterReply, RegisterRequest } from '../../../shared/bus/messages.ts';
import { silentLogger } from '../../../shared/log.ts';
import { findCondition } from '../../../shared/objects/conditions.ts';
import { parseQuantity } from '../../../shared/objects/quantity.ts';
import { Scope } from '../../../shared/scope.ts';
import { needsRoot } from '../../support/needs.ts';
import { until } from '../../support/until.ts';
import { ManualClock } from '../../fakes/manual-clock.ts';

/** Knows how many wait for it: the host is read in real time, in which the clock is not to go on. */
class CountingClock extends ManualClock {
  waiting = 0;

  override async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.waiting += 1;
    try {
      await super.sleep(ms, signal);
    } finally {
      this.waiting -= 1;
    }
  }
}

function nodeWith(
  deps: Pick<AgentNodeDeps, 'link' | 'clock'> & { data?: string; listSandboxes?: RuntimeDriver['listSandboxes'] },
): AgentNode {
  const { data = '/tmp', listSandboxes = async () => [], ...others } = deps;
  return new AgentNode({
    name: 'n1',
    driver: { version: async () => 'oci://runc-1.1.5', listSandboxes },
    paths: { data, bridge: 'berth-0' },
    settings: { labels: { zone: 'a' }, taints: [{ key: 'k', effect: 'NoSchedule' }], maxPods: 7 },
    log: silentLogger,
    ...others,
  });
}

describe('AgentNode', () => {
  const clock = new ManualClock();
  const requests: RegisterRequest[] = [];
  let beats = 0;
  let problem: Error | undefined;
  let scope: Scope;

  const node = nodeWith({
    link: {
      register: async (request): Promise<RegisterReply> => {
        requests.push(request);
        return { podCIDR: '10.90.0.0/24', clusterId: 'x' };
      },
      heartbeat: () => {
        beats += 1;
      },
    },
    listSandboxes: async () => {
      if (problem !== undefined) throw problem;
      return [];
    },
    clock,
  });

  beforeEach(() => {
    scope = new Scope('node');
  });
  afterEach(async () => scope.close());

  it('introduces the machine as it is', async () => {
    assert.equal((await node.register(scope.signal)).podCIDR, '10.90.0.0/24');
    const { metadata, spec, status } = requests[0]?.node ?? {};
    assert.equal(metadata?.labels?.['kubernetes.io/hostname'], 'n1');
    assert.equal(metadata?.labels?.['zone'], 'a');
    assert.deepEqual(spec?.taints, [{ key: 'k', effect: 'NoSchedule' }]);
    assert.equal(status?.capacity?.['pods'], '7');
    for (const quantities of [status?.capacity, status?.allocatable]) {
      for (const amount of Object.values(quantities ?? {})) assert.ok(parseQuantity(amount));
    }
    assert.equal(findCondition(status?.conditions, 'Ready')?.status, 'True');
    assert.equal(status?.nodeInfo?.containerRuntimeVersion, 'oci://runc-1.1.5');
    assert.match(status?.nodeInfo?.kubeletVersion ?? '', /^v1\.32\.\d+\+berth$/);
    assert.ok((status?.nodeInfo?.bootID ?? '').length > 30);
    assert.ok(status?.addresses?.some(({ type }) => type === 'Hostname'));
  });

  it('beats once a second, and speaks again only when something changed', async () => {
    beats = 0;
    await node.register(scope.signal);
    const before = requests.length;
    node.run(scope);
    await clock.advance(5000);
    assert.equal(beats, 6);
    problem = new Error('it hangs');
    // The host is read for real: its answers come in real time.
    await until(async () => {
      await clock.advance(1000);
      return requests.length > before;
    }, 'the change is told');
    const ready = findCondition(requests.at(-1)?.node.status?.conditions, 'Ready');
    assert.equal(ready?.status, 'False');
    assert.match(ready?.message ?? '', /it hangs/);
    problem = undefined;
  });

  it('says again that its conditions hold, once in five minutes', async () => {
    await node.register(scope.signal);
    const before = requests.length;
    node.run(scope);
    const began = clock.monotonic();
    await until(async () => {
      await clock.advance(10_000);
      return requests.length > before;
    }, 'it is told');
    assert.ok(clock.monotonic() - began >= 300_000);
  });
});

describe('AgentNode on a small disk', () => {
  let folder: string;
  before(async function () {
    needsRoot(this); // to mount a small disk
    folder = await mkdtemp(join(tmpdir(), 'berth-pressure-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=10m', 'tmpfs', folder]);
  });
  after(async () => {
    if (folder === undefined) return;
    execFileSync('umount', [folder]);
    await rm(folder, { recursive: true });
  });

  it('reports pressure within 10 s of a disk that is full, and its end within 10 s of free space', async () => {
    const clock = new CountingClock();
    const scope = new Scope('node');
    let status: string | undefined;
    const register = async ({ node }: RegisterRequest): Promise<RegisterReply> => {
      status = findCondition(node.status?.conditions, 'DiskPressure')?.status;
      return { podCIDR: '10.90.0.0/24', clusterId: 'x' };
    };
    const node = nodeWith({ link: { register, heartbeat: () => undefined }, data: folder, clock });
    await node.register(scope.signal);
    node.run(scope);
    const loops = 2; // heartbeats, conditions
    const passesUntil = async (wanted: string): Promise<number> => {
      const began = clock.monotonic();
      await until(async () => {
        if (status !== wanted && clock.waiting === loops) await clock.advance(500);
        return status === wanted;
      }, `DiskPressure is ${wanted}`);
      return clock.monotonic() - began;
    };
    const ballast = join(folder, 'ballast');
    for (let round = 0; round < 3; round += 1) {
      await writeFile(ballast, Buffer.alloc(9.5 * 1024 * 1024));
      assert.ok((await passesUntil('True')) <= 10_000);
      await rm(ballast);
      assert.ok((await passesUntil('False')) <= 10_000);
    }
    await scope.close();
  });
});

describe('pressureConditions', () => {
  const fine: Pressure = {
    memoryAvailableBytes: 1e9,
    diskAvailableBytes: 5e9,
    diskBytes: 1e10,
    inodesAvailable: 0.5,
    processes: 100,
    maxProcesses: 32_768,
  };

  function typesUnder(pressure: Partial<Pressure>): string[] {
    const conditions = pressureConditions({ ...fine, ...pressure });
    return conditions.filter(({ status }) => status === 'True').map(({ type }) => type);
  }

  it('sees what is short', () => {
    assert.deepEqual(typesUnder({}), []);
    assert.deepEqual(typesUnder({ memoryAvailableBytes: 1e6 }), ['MemoryPressure']);
    assert.deepEqual(typesUnder({ diskAvailableBytes: 5e8 }), ['DiskPressure']);
    assert.deepEqual(typesUnder({ inodesAvailable: 0.01 }), ['DiskPressure']);
    assert.deepEqual(typesUnder({ processes: 32_000 }), ['PIDPressure']);
  });

  it('lets a large disk be nearly full', () => {
    const diskBytes = 1e12;
    assert.deepEqual(typesUnder({ diskBytes, diskAvailableBytes: 3 * 2 ** 30 }), []);
    assert.deepEqual(typesUnder({ diskBytes, diskAvailableBytes: 2 ** 30 }), ['DiskPressure']);
    const [, disk] = pressureConditions({ ...fine, diskBytes, diskAvailableBytes: 2 ** 30 });
    assert.equal(disk?.message, '1024 MiB of the disk are free, 2048 MiB are to be');
  });
});

describe('what the host says', () => {
  it('reads routes', () => {
    const text = [
      'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT',
      'eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0',
      'eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
      'tun0\t00005A0A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0',
      '',
    ].join('\n');
    assert.deepEqual(parseRoutes(text), [
      { device: 'eth0', network: '0.0.0.0/0' },
      { device: 'eth0', network: '192.0.2.0/24' },
      { device: 'tun0', network: '10.90.0.0/16' },
    ]);
    assert.deepEqual(parseRoutes(''), []);
  });

  it('reads the name of the system and the memory that is left', () => {
    assert.equal(osName('NAME=x\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'), 'Debian GNU/Linux 12 (bookworm)');
    assert.equal(osName('PRETTY_NAME=Plain\n'), 'Plain');
    assert.equal(osName(''), 'Linux');
    assert.equal(availableMemory('MemTotal: 1 kB\nMemAvailable:    2048 kB\n'), 2 * 1024 * 1024);
    assert.equal(availableMemory(''), Infinity);
  });
});
