import assert from 'node:assert/strict';
import { hasReason } from '../../shared/errors.ts';
import { freePorts } from '../support/free-ports.ts';
import { until } from '../support/until.ts';
import { aSandbox, logLines, ranToEnd, started, statusOf, type RuntimeBench } from './runtime-bench.ts';

/** Part of the suite in runtime-driver.ts. */
export function sandboxTests(given: () => RuntimeBench): void {
  it('gives its containers one name, one loopback, one shared memory, its hosts and its resolver', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench, { hostname: 'shared-name' });
    await ranToEnd(bench, 'echo kept > /dev/shm/file; exit 0', { sandbox, name: 'first' });
    const { output } = await ranToEnd(
      bench,
      'hostname; cat /dev/shm/file /etc/resolv.conf; grep -c example.test /etc/hosts; grep shared-name /etc/hosts; ip addr show lo',
      { sandbox, name: 'second' },
    );
    assert.match(
      output,
      /^shared-name\nkept\nsearch default\.svc\.cluster\.local\nnameserver 192\.0\.2\.53\noptions ndots:5\n1\n/,
    );
    assert.ok(output.includes(sandbox.ip));
    assert.match(output, /LOOPBACK,UP/);
  });

  it('reaches another by its address', async () => {
    const bench = given();
    const server = await aSandbox(bench);
    await started(bench, server, 'echo hello > /tmp/index.html; exec httpd -f -p 80 -h /tmp', {
      security: { runAsUser: 1000 },
    });
    const script = `for i in 1 2 3 4 5 6 7 8 9; do printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 2 ${server.ip} 80 && break; sleep 0.2; done`;
    assert.match((await ranToEnd(bench, script)).output, /hello/);
  });

  it('is reached on a port of the node, by loopback too', async () => {
    const bench = given();
    const [hostPort = 0] = await freePorts(1);
    const sandbox = await aSandbox(bench, { ports: [{ containerPort: 80, hostPort, protocol: 'TCP' }] });
    await started(bench, sandbox, 'echo hello > /tmp/index.html; exec httpd -f -p 80 -h /tmp');
    let body = '';
    await until(async () => {
      body = await fetch(`http://127.0.0.1:${String(hostPort)}/`).then(
        (response) => response.text(),
        () => '',
      );
      return body !== '';
    }, 'the port answers');
    assert.equal(body, 'hello\n');
    const again = aSandbox(bench, { ports: [{ containerPort: 81, hostPort, protocol: 'TCP' }] });
    await assert.rejects(again, (error) => hasReason(error, 'Conflict'));
  });

  it('may have the network of the node', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench, { hostNetwork: true });
    assert.equal(sandbox.ip, '');
    const [port = 0] = await freePorts(1);
    await started(bench, sandbox, `echo node > /tmp/index.html; exec httpd -f -p ${String(port)} -h /tmp`);
    await until(
      () =>
        fetch(`http://127.0.0.1:${String(port)}/`).then(
          (response) => response.ok,
          () => false,
        ),
      'the port answers',
    );
  });

  it('refuses a second one of the same attempt, and settings of the kernel that are not its own', async () => {
    const bench = given();
    const { pod, attempt } = await aSandbox(bench);
    await assert.rejects(aSandbox(bench, { pod, attempt }), (error) => hasReason(error, 'AlreadyExists'));
    const sysctls = { 'kernel.panic': '1' };
    await assert.rejects(aSandbox(bench, { sysctls }), (error) => hasReason(error, 'BadRequest'));
    const wrong = { 'net.ipv4.tcp_syncookies': 'no number' };
    await assert.rejects(aSandbox(bench, { sysctls: wrong }), (error) => hasReason(error, 'Invalid'));
  });

  it('may see the processes of the node, and still takes all of its own with it', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench, { hostPid: true });
    const script = `test -e /proc/${String(process.pid)} && echo seen; sleep 4711 & exec sleep 4712`;
    const id = await started(bench, sandbox, script);
    const { logPath } = await statusOf(bench, id);
    await until(async () => (await logLines(logPath)).some(({ text }) => text === 'seen'), 'it sees this process');
    await bench.driver.stopContainer(id, 0);
    const watcher = await started(bench, sandbox, 'exec sleep 1000', { name: 'watcher' });
    const { output } = await bench.driver.execSync(watcher, ['ps'], 10_000);
    assert.doesNotMatch(output, /sleep 471/);
  });

  it('may have one process namespace, whose orphans are reaped and which goes with it', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench, { sharePid: true });
    await started(bench, sandbox, 'exec sleep 4713', { name: 'first' });
    const second = await started(bench, sandbox, '(sleep 0.1 &); exec sleep 4714', { name: 'second' });
    const list = async (): Promise<string> => (await bench.driver.execSync(second, ['ps'], 10_000)).output;
    assert.match(await list(), /sleep 4713/);
    await until(async () => !/\[sleep\]|sleep 0\.1/.test(await list()), 'the orphan is reaped');
    await bench.crash();
    assert.equal((await bench.driver.listSandboxes()).find(({ id }) => id === sandbox.id)?.isReady, true);
    await bench.driver.stopContainer(second, 5000);
    assert.equal((await statusOf(bench, second)).exitCode, 143);
    await bench.driver.removeSandbox(sandbox.id);
  });

  it('lets a container join the processes of another one, while that runs', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench);
    const target = await started(bench, sandbox, 'exec sleep 4715', { name: 'target' });
    const guest = await started(bench, sandbox, 'exec sleep 4716', { name: 'guest', sharesPidsOf: target });
    const seen = (await bench.driver.execSync(guest, ['ps'], 10_000)).output;
    assert.match(seen, /sleep 4715/);
    assert.match(seen, /sleep 4716/);
    await bench.driver.stopContainer(guest, 0);
    assert.equal((await statusOf(bench, target)).state, 'running');
    await bench.driver.stopContainer(target, 0);
    const late = started(bench, sandbox, 'exec sleep 1', { name: 'late', sharesPidsOf: target });
    await assert.rejects(late, (error) => hasReason(error, 'Conflict'));
    await bench.driver.removeSandbox(sandbox.id);
  });

  it('takes its containers with it', async () => {
    const bench = given();
    const sandbox = await aSandbox(bench);
    const id = await started(bench, sandbox, 'sleep 1000');
    await bench.driver.stopSandbox(sandbox.id);
    assert.equal((await statusOf(bench, id)).state, 'exited');
    const found = (await bench.driver.listSandboxes()).find((other) => other.id === sandbox.id);
    assert.equal(found?.isReady, false);
    await bench.driver.stopSandbox(sandbox.id);
    await bench.driver.removeSandbox(sandbox.id);
    assert.ok(!(await bench.driver.listSandboxes()).some((other) => other.id === sandbox.id));
    assert.ok(!(await bench.driver.listContainers()).some((other) => other.id === id));
    await bench.driver.removeSandbox(sandbox.id);
  });
}
