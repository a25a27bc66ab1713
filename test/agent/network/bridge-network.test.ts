import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { run } from '../../../agent/host/run.ts';
import type { AgentPaths } from '../../../agent/paths.ts';
import type { PortMapping, SandboxId } from '../../../agent/runtime/driver.ts';
import { hasReason } from '../../../shared/errors.ts';
import { NetworkBench } from './bench.ts';

describe('BridgeNetwork', function () {
  this.timeout(30_000);
  let bench: NetworkBench;
  let paths: AgentPaths;
  const open: NetworkBench['open'] = (...live) => bench.open(...live);
  const attach: NetworkBench['attach'] = (...pod) => bench.attach(...pod);
  const inside: NetworkBench['inside'] = (...command) => bench.inside(...command);

  beforeEach(async () => {
    bench = await NetworkBench.start();
    ({ paths } = bench);
  });
  afterEach(() => bench.close());

  const [a, b] = ['aaaaaaaaaaaaaaaa', 'bbbbbbbbbbbbbbbb'] as SandboxId[] as [SandboxId, SandboxId];

  it('connects sandboxes with each other and with the node', async () => {
    await attach(a);
    const ip = await attach(b);
    assert.match(await inside(a, 'busybox', 'ping', '-c1', '-W2', ip), /1 packets received/);
    assert.match(await inside(a, 'busybox', 'ping', '-c1', '-W2', '10.63.7.1'), /1 packets received/);
    const usage = await bench.network.usage(a);
    assert.ok(usage !== undefined && usage.sentBytes > 0 && usage.receivedBytes > 0);
  });

  it('keeps who is there when it is opened anew, and gives back what went', async () => {
    const ip = await attach(a, [{ containerPort: 80, hostPort: 40_080, protocol: 'TCP' }]);
    await attach(b);
    await open([a]);
    assert.notEqual(await bench.network.usage(a), undefined);
    assert.equal(await bench.network.usage(b), undefined);
    const port: PortMapping = { containerPort: 81, hostPort: 40_080, protocol: 'TCP' };
    await assert.rejects(attach(b, [port]), (error) => hasReason(error, 'Conflict'));
    await bench.network.detach(a);
    assert.notEqual(await attach(b, [port]), ip);
    await bench.network.detach(a);
  });

  it('cuts off who has an address of another range', async () => {
    await attach(a);
    await open([a], '10.63.9.0/28');
    assert.equal(await bench.network.usage(a), undefined);
    assert.equal(await attach(b), '10.63.9.2');
  });

  it('puts back what another program removed', async () => {
    await attach(a, [{ containerPort: 80, hostPort: 40_081, protocol: 'UDP' }]);
    await run('nft', ['delete', 'table', 'ip', paths.table]);
    await run('ip', ['addr', 'flush', 'dev', paths.bridge]);
    await bench.network.repair();
    const rules = (await run('nft', ['list', 'table', 'ip', paths.table])).stdout;
    assert.match(rules, /udp . 40081 : 10\.63\.7\.2 . 80/);
    assert.match(await inside(a, 'busybox', 'ping', '-c1', '-W2', '10.63.7.1'), /1 packets received/);
  });

  it('keeps its hardware address while sandboxes come and go: they know their gateway by it', async () => {
    const address = async (): Promise<string> =>
      (await run('ip', ['link', 'show', paths.bridge])).stdout.split('link/')[1] ?? '';
    const before = await address();
    for (let round = 0; round < 5; round += 1) {
      await attach(a);
      await attach(b);
      assert.equal(await address(), before);
      await bench.network.detach(a);
      assert.equal(await address(), before);
      await bench.network.detach(b);
    }
  });

  it('gives the address back when a cable cannot be laid', async () => {
    await assert.rejects(bench.network.attach(a, join(bench.directory, 'nope'), []));
    assert.equal(await attach(b), '10.63.7.3');
    assert.equal(await bench.network.usage(a), undefined);
  });

  it('keeps sandboxes off the loopback of the node', async () => {
    await attach(a);
    const server = createSocket('udp4').bind(0, '127.0.0.1');
    await once(server, 'listening');
    const send = (text: string): Promise<string> =>
      inside(a, 'bash', '-c', `echo ${text} > /dev/udp/127.0.0.1/${String(server.address().port)}`);
    // What a pod with NET_ADMIN can do to send packets for 127.0.0.1 out of its namespace.
    const escape = `
      echo 1 > /proc/sys/net/ipv4/conf/eth0/route_localnet
      ip route del local 127.0.0.0/8 dev lo table local; ip route del local 127.0.0.1 dev lo table local
      ip route add 127.0.0.0/8 via 10.63.7.1 dev eth0`;
    await inside(a, 'sh', '-c', escape);
    await send('kept-out');
    await run('nft', ['flush', 'chain', 'ip', paths.table, 'raw']);
    const [[message]] = await Promise.all([once(server, 'message'), send('let-in')]);
    assert.equal(String(message), 'let-in\n');
    server.close();
  });

  it('leads pods from the address of the API to where it listens, and nowhere else', async () => {
    const server = createServer((socket) => socket.end('the API')).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await attach(a);
    const read = (to: string): Promise<string> => inside(a, 'busybox', 'nc', '-w', '1', ...to.split(':'));
    assert.equal(await read('10.96.0.1:443'), '');
    await bench.network.leadToApi({ host: '127.0.0.1', port });
    assert.equal(await read('10.96.0.1:443'), 'the API');
    assert.equal(await read('10.96.0.1:444'), '');
    await bench.network.repair();
    await attach(b, [{ containerPort: 80, hostPort: 40_082, protocol: 'TCP' }]);
    assert.equal(await read('10.96.0.1:443'), 'the API');
    await bench.network.leadToApi(undefined);
    assert.equal(await read('10.96.0.1:443'), '');
    server.close();
  });

  it('works where /sys shows another network namespace, as under nsenter --net', async () => {
    const script = `
      const { NetworkBench } = await import('${import.meta.resolve('./bench.ts')}');
      const bench = await NetworkBench.start();
      await bench.attach('aaaaaaaaaaaaaaaa');
      await bench.open(['aaaaaaaaaaaaaaaa']);
      console.log(await bench.inside('aaaaaaaaaaaaaaaa', 'busybox', 'ping', '-c1', '-W2', '10.63.7.1'));
      await bench.close();`;
    const node = [process.execPath, '--input-type=module', '--eval', script];
    const { stdout, stderr } = await run('unshare', ['--net', ...node], { timeoutMs: 20_000 });
    assert.match(stdout, /1 packets received/, stderr);
  });

  it('goes without a trace, twice', async () => {
    await attach(a);
    await bench.network.destroy();
    await bench.network.destroy();
    assert.notEqual((await run('ip', ['link', 'show', paths.bridge])).code, 0);
    assert.doesNotMatch((await run('nft', ['list', 'tables'])).stdout, new RegExp(paths.table));
  });
});
