import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../../agent/host/run.ts';
import { PortGuard } from '../../../agent/network/port-guard.ts';
import { sendersConditions } from '../../../agent/node/limits-condition.ts';
import type { SandboxId } from '../../../agent/runtime/driver.ts';
import { silentLogger } from '../../../shared/log.ts';
import { arpReply, frame, RawPort, routerAdvertisement, udp4 } from '../../support/raw-frames.ts';
import { NetworkBench } from './bench.ts';

const everybody = 'ff:ff:ff:ff:ff:ff';
const allNodes = '33:33:00:00:00:01';
const bridgeGroup = '01:80:c2:00:00:0e';
const [ip4, arp, ip6] = [0x0800, 0x0806, 0x86dd];
const gateway = '10.63.7.1';

describe('what pods may send', function () {
  this.timeout(30_000);
  const [a, b] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'] as SandboxId[] as [SandboxId, SandboxId];
  let bench: NetworkBench;
  let pods: { a: Pod; b: Pod };
  let host: RawPort;
  let hostHardware: string;

  interface Pod {
    ip: string;
    hardware: string;
    port: RawPort;
  }

  beforeEach(async () => {
    bench = await NetworkBench.start();
    const ips = [await bench.attach(a), await bench.attach(b)] as const;
    pods = { a: await podOf(a, ips[0]), b: await podOf(b, ips[1]) };
    host = new RawPort(bench.paths.bridge);
    hostHardware = /link\/ether (\S+)/.exec((await run('ip', ['link', 'show', bench.paths.bridge])).stdout)?.[1] ?? '';
  });
  afterEach(async () => {
    for (const port of [pods.a.port, pods.b.port, host]) port.close();
    await bench.close();
  });

  async function podOf(id: SandboxId, ip: string): Promise<Pod> {
    const hardware = /link\/ether (\S+)/.exec(await bench.inside(id, 'ip', 'link', 'show', 'eth0'))?.[1] ?? '';
    return { ip, hardware, port: new RawPort('eth0', bench.pin(id)) };
  }

  /** What of these frames, sent by pod a one after the other, arrived at the host or at pod b: their names. */
  function arrivals(frames: [name: string, make: (mark: string) => Buffer][]): string[] {
    for (const [name, make] of frames) pods.a.port.send(make(`<${name}>`));
    const fence = udp4(pods.a.ip, '255.255.255.255', 9, 9, 'end of test');
    pods.a.port.send(frame(everybody, pods.a.hardware, ip4, fence));
    const heard = host.readUntil('end of test') + pods.b.port.readUntil('end of test');
    return frames.map(([name]) => name).filter((name) => heard.includes(`<${name}>`));
  }

  const isConnected = async (id: SandboxId, ip: string): Promise<boolean> =>
    /1 packets received/.test(await bench.inside(id, 'busybox', 'ping', '-c1', '-W2', ip));

  const neighbours = async (id: SandboxId | 'host'): Promise<string> => {
    const show = ['ip', 'neigh', 'show'];
    return id === 'host' ? (await run('ip', show.slice(1))).stdout : bench.inside(id, ...show);
  };

  /** Everything a pod has tried, or could, with a sender that is not its own or to be what it is not. */
  function forged(): [name: string, make: (mark: string) => Buffer][] {
    const { a: own, b: other } = pods;
    const foreign = '02:00:00:00:00:66';
    const ip =
      (to: string, from: string, sender: string, target: string, ports: [number, number] = [1, 2]) =>
      (mark: string): Buffer =>
        frame(to, from, ip4, udp4(sender, target, ...ports, mark));
    const any =
      (to: string, from: string, type: number, ...payload: Buffer[]) =>
      (mark: string): Buffer =>
        frame(to, from, type, ...payload, Buffer.from(mark));
    return [everybody, other.hardware, hostHardware, bridgeGroup].flatMap((to) =>
      Object.entries({
        'address of a neighbour': ip(to, own.hardware, other.ip, gateway),
        'address of the gateway': ip(to, own.hardware, gateway, other.ip),
        'address of the world': ip(to, own.hardware, '8.8.8.8', other.ip),
        'no address': ip(to, own.hardware, '0.0.0.0', '255.255.255.255', [68, 67]),
        'unknown hardware': ip(to, foreign, own.ip, other.ip),
        'hardware of a neighbour': ip(to, other.hardware, own.ip, gateway),
        'hardware of the gateway': ip(to, hostHardware, own.ip, other.ip),
        'dhcp offer': ip(to, own.hardware, own.ip, '255.255.255.255', [67, 68]),
        'arp for the gateway': any(to, own.hardware, arp, arpReply(own.hardware, gateway, other.ip)),
        'arp for a neighbour': any(to, own.hardware, arp, arpReply(own.hardware, other.ip, gateway)),
        'arp for nobody': any(to, own.hardware, arp, arpReply(own.hardware, '10.63.7.9', gateway)),
        'arp of other hardware': any(to, own.hardware, arp, arpReply(foreign, own.ip, gateway)),
        'arp in a foreign frame': any(to, foreign, arp, arpReply(own.hardware, own.ip, gateway)),
        'router advertisement': (mark: string) => frame(to, own.hardware, ip6, routerAdvertisement(mark)),
        vlan: any(to, own.hardware, 0x8100, Buffer.from([0, 1, 8, 0]), udp4(own.ip, other.ip, 1, 2, '')),
        'vlan in a vlan': any(to, own.hardware, 0x88a8, Buffer.from([0, 1, 8, 0]), udp4(own.ip, other.ip, 1, 2, '')),
        lldp: any(to, own.hardware, 0x88cc),
        'spanning tree': any(to, own.hardware, 38, Buffer.from('424203' + '00'.repeat(35), 'hex')),
        'unknown protocol': any(to, own.hardware, 0x88b5),
      }).map(([name, make]): [string, (mark: string) => Buffer] => [`${name} to ${to}`, make]),
    );
  }

  it('reaches neither host nor neighbours in the name of another', async () => {
    assert.ok((await isConnected(b, gateway)) && (await isConnected(b, pods.a.ip)));
    assert.deepEqual(arrivals(forged()), []);
    assert.match(await neighbours(b), new RegExp(`^${gateway} .*lladdr ${hostHardware}`, 'm'));
    assert.match(await neighbours('host'), new RegExp(`^${pods.b.ip} .*lladdr ${pods.b.hardware}`, 'm'));
    assert.ok((await isConnected(a, gateway)) && (await isConnected(a, pods.b.ip)) && (await isConnected(b, gateway)));
  });

  it('reaches the host by its bridge alone: not past it, by frames that bridges do not forward', async () => {
    const server = createSocket('udp4').bind(0, gateway);
    await once(server, 'listening');
    const { port } = server.address();
    const { ip, hardware } = pods.a;
    pods.a.port.send(frame(bridgeGroup, hardware, ip4, udp4(ip, gateway, 1, port, 'past the bridge')));
    const heard = once(server, 'message');
    pods.a.port.send(frame(hostHardware, hardware, ip4, udp4(ip, gateway, 1, port, 'by the bridge')));
    const [message] = await heard;
    server.close();
    assert.equal(String(message), 'by the bridge');
  });

  it('gives host and neighbours no route and no IPv6 address, not even where senders cannot be checked', async () => {
    const everywhere = async (): Promise<string[]> => {
      const show = ['sh', '-c', 'ip -6 -o addr show; ip -6 route show; ip -6 neigh show'] as const;
      const onHost = (await run('env', show)).stdout.split('\n');
      const inPods = [await bench.inside(a, ...show), await bench.inside(b, ...show)].join('\n').split('\n');
      const isOurs = new RegExp(`${bench.paths.bridge}|veth[ab]{11}`);
      return [...onHost.filter((line) => isOurs.test(line)), ...inPods.filter((line) => line.includes('eth0'))];
    };
    assert.deepEqual(await everywhere(), []);
    for (const isGuarded of [true, false]) {
      if (!isGuarded) await run('nft', ['delete', 'table', 'bridge', bench.paths.table]);
      const to = [allNodes, hostHardware, pods.b.hardware, bridgeGroup];
      arrivals(to.map((target) => [target, () => frame(target, pods.a.hardware, ip6, routerAdvertisement(''))]));
      assert.deepEqual(await everywhere(), []);
    }
  });

  it('goes on for pods that an older agent attached, with the hardware address they have', async () => {
    const older = `ip link set eth0 address 02:00:00:00:00:0a; cd /proc/sys/net
      for name in all eth0; do for file in ipv6/conf/$name/disable_ipv6; do echo 0 > $file; done; done
      for file in ipv6/conf/eth0/accept_ra ipv4/conf/eth0/accept_redirects; do echo 1 > $file; done`;
    await bench.inside(a, 'sh', '-c', older);
    await run('nft', ['delete', 'table', 'bridge', bench.paths.table]);
    await writeFile(`/proc/sys/net/ipv6/conf/vethaaaaaaaaaaa/disable_ipv6`, '0');
    const file = join(bench.paths.run, 'network.json');
    const { hardware: _unknown, ...saved } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
    await writeFile(file, JSON.stringify(saved));
    await bench.open([a, b]);
    pods.a.hardware = '02:00:00:00:00:0a';
    assert.deepEqual(arrivals(forged()), []);
    assert.ok((await isConnected(a, gateway)) && (await isConnected(a, pods.b.ip)));
    const settings = 'cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6 /proc/sys/net/ipv4/conf/eth0/accept_redirects';
    assert.equal(await bench.inside(a, 'sh', '-c', settings), '1\n0\n');
    assert.equal(await readFile('/proc/sys/net/ipv6/conf/vethaaaaaaaaaaa/disable_ipv6', 'utf8'), '1\n');
  });

  it('is checked again once another program has removed the rules, and no longer than the pod is there', async () => {
    const rules = async (): Promise<string> =>
      (await run('nft', ['list', 'table', 'bridge', bench.paths.table])).stdout;
    await run('nft', ['delete', 'table', 'bridge', bench.paths.table]);
    await bench.network.repair();
    assert.deepEqual(arrivals(forged()), []);
    await run('nft', ['delete', 'table', 'bridge', bench.paths.table]);
    const c = 'cccccccccccccccc' as SandboxId;
    await bench.attach(c);
    assert.deepEqual(arrivals(forged()), []);
    assert.match(await rules(), /vethccccccccccc/);
    await bench.network.detach(c);
    assert.doesNotMatch(await rules(), /vethccccccccccc/);
    assert.match(await rules(), /vethaaaaaaaaaaa/);
  });

  it('is told in a condition of the node where the kernel takes no such rules, and pods go on', async () => {
    const guard = new PortGuard('no valid name', silentLogger);
    await guard.replace([]);
    await guard.add({ link: 'veth0', hardware: '02:00:00:00:00:01', ip: '10.63.7.9' });
    await guard.remove({ link: 'veth0', hardware: '02:00:00:00:00:01', ip: '10.63.7.9' });
    const [condition] = sendersConditions(guard.problem);
    assert.equal(condition?.status, 'False');
    assert.match(condition.message ?? '', /in the name of others.*syntax error/s);
    assert.deepEqual(sendersConditions(bench.network.guardProblem), []);
  });
});
