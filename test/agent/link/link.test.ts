import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BusControllerLink } from '../../../agent/link/link.ts';
import type { PodReport } from '../../../shared/bus/messages.ts';
import type { NatsBus } from '../../../shared/bus/nats-bus.ts';
import { subjects } from '../../../shared/bus/subjects.ts';
import { systemClock } from '../../../shared/clock.ts';
import { silentLogger } from '../../../shared/log.ts';
import type { KubeObject, Node, Pod, Stored } from '../../../shared/objects/types.ts';
import { Scope } from '../../../shared/scope.ts';
import { until } from '../../support/until.ts';
import { NodesBench } from '../../nodes/nodes-bench.ts';
import { aNode, aPod } from '../../objects.ts';

describe('BusControllerLink', function () {
  this.timeout(30_000);
  let bench: NodesBench;
  let bus: NatsBus;
  let scope: Scope;
  let directory: string;
  let link: BusControllerLink;

  before(async () => {
    bench = await NodesBench.open();
    bus = await bench.bus.node('n1');
  });
  after(async () => bench.close());
  beforeEach(async () => {
    directory = await bench.directory();
    scope = new Scope('agent');
    link = await openLink();
  });
  afterEach(async () => {
    await scope.close();
    for (const resource of ['pods', 'secrets', 'configmaps', 'serviceaccounts', 'nodes']) {
      for (const { metadata } of bench.store.list(resource).items) {
        await bench.store.remove(resource, metadata.namespace ?? '', metadata.name);
      }
    }
  });

  function openLink(): Promise<BusControllerLink> {
    const paths = { state: join(directory, 'state'), run: join(directory, 'run') };
    return BusControllerLink.open({ bus, data: bus, node: 'n1', paths, clock: systemClock, log: silentLogger });
  }

  function bind(name: string, nodeName = 'n1'): Promise<Stored<Pod>> {
    const pod = aPod({ name, nodeName });
    return bench.store.create('pods', {
      ...pod,
      spec: {
        containers: [{ name: 'main', image: 'x', envFrom: [{ secretRef: { name: 'key' } }] }],
        nodeName,
      },
    });
  }

  async function secret(name: string, value: string): Promise<void> {
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace: 'default' }, data: { v: value } };
    await bench.store.create('secrets', object);
  }

  function reportOf({ metadata }: Stored<Pod>, phase: 'Running' | 'Failed', finished?: true): PodReport {
    const { namespace = '', name, uid } = metadata;
    return { namespace, name, uid, status: { phase }, ...(finished && { finished }) };
  }

  it('learns its pods and what they name, and each change of them', async () => {
    const changes: string[] = [];
    link.desired.onChange('pods/', (key) => changes.push(key));
    assert.equal(link.desired.isLoaded, false);
    await bind('a');
    await bind('b', 'n2');
    link.run(scope);
    await until(() => link.desired.get('pods/default/a') !== undefined, 'the pod');
    assert.ok(link.desired.isLoaded);
    assert.equal(link.desired.get('pods/default/b'), undefined);
    await secret('key', 'MQ==');
    await secret('foreign', 'Mg==');
    await until(() => link.desired.get('secrets/default/key') !== undefined, 'the secret');
    assert.equal(link.desired.get('secrets/default/foreign'), undefined);
    await bench.store.remove('pods', 'default', 'a');
    await until(() => link.desired.list('').length === 0, 'it is gone');
    assert.ok(changes.includes('pods/default/a'));
  });

  it('goes on from disk without a controller, with secrets on tmpfs only', async () => {
    await secret('key', Buffer.from('very secret').toString('base64'));
    await bind('a');
    link.run(scope);
    await until(() => link.desired.list('').length === 2, 'pod and secret');
    await scope.close();
    scope = new Scope('agent');
    link = await openLink();
    assert.ok(link.desired.isLoaded);
    assert.ok(link.desired.get('pods/default/a'));
    assert.ok(link.desired.get('secrets/default/key'));
    const disk = join(directory, 'state/desired');
    for (const name of await readdir(disk)) {
      assert.ok(!(await readFile(join(disk, name), 'utf8')).includes(Buffer.from('very secret').toString('base64')));
      assert.equal((await stat(join(disk, name))).mode & 0o777, 0o600);
    }
  });

  it('gets the tokens of its pods, and keeps them off the disk', async () => {
    const sources = [{ serviceAccountToken: { path: 'token' } }];
    await bench.store.create('pods', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'a', namespace: 'default' },
      spec: {
        containers: [],
        serviceAccountName: 'robot',
        volumes: [{ name: 'v', projected: { sources } }],
        nodeName: 'n1',
      },
    } as KubeObject);
    link.run(scope);
    await until(() => link.desired.get('pods/default/a') !== undefined, 'the pod');
    assert.equal(link.desired.get('tokens/default/a'), undefined);
    const metadata = { name: 'robot', namespace: 'default' };
    await bench.store.create('serviceaccounts', { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    await until(() => link.desired.get('tokens/default/a') !== undefined, 'the token');
    assert.match(JSON.stringify(link.desired.get('tokens/default/a')), /token of a/);
    const disk = join(directory, 'state/desired');
    for (const name of await readdir(disk)) {
      assert.ok(!(await readFile(join(disk, name), 'utf8')).includes('token of a'));
    }
  });

  it('throws away a damaged file and asks again', async () => {
    await bind('a');
    link.run(scope);
    await until(() => link.desired.get('pods/default/a') !== undefined, 'the pod');
    await scope.close();
    const disk = join(directory, 'state/desired');
    const [file = ''] = (await readdir(disk)).filter((name) => name.endsWith('.json'));
    await writeFile(join(disk, file), '{"half');
    for (const times of ['after the damage', 'and at the next start']) {
      scope = new Scope('agent');
      link = await openLink();
      assert.equal(link.desired.get('pods/default/a'), undefined);
      assert.equal(link.desired.isLoaded, false, `what runs is not taken for unwanted, ${times}`);
    }
    link.run(scope);
    await until(() => link.desired.get('pods/default/a') !== undefined, 'the pod again');
    assert(link.desired.isLoaded);
  });

  it('writes the newest status of each pod, and forgets pods that are finished', async () => {
    const pod = await bind('a');
    link.run(scope);
    link.report(reportOf(pod, 'Failed'));
    link.report(reportOf(pod, 'Running'));
    const phase = (): string | undefined =>
      bench.store.get<KubeObject & Pick<Pod, 'status'>>('pods', 'default', 'a')?.status?.phase;
    await until(() => phase() === 'Running', 'the status');
    await bench.store.modify('pods', 'default', 'a', (current) => ({
      ...current,
      metadata: {
        ...current.metadata,
        deletionTimestamp: '2026-01-01T00:00:30Z',
        deletionGracePeriodSeconds: 30,
      },
    }));
    await until(() => link.desired.get('pods/default/a')?.metadata.deletionTimestamp !== undefined, 'the deletion');
    link.report(reportOf(pod, 'Failed', true));
    await until(() => link.desired.get('pods/default/a') === undefined, 'it is gone');
    assert.equal(bench.store.get('pods', 'default', 'a'), undefined);
  });

  it('gets statuses, events and registration through when the bus was away', async () => {
    const pod = await bind('a');
    link.run(scope);
    await until(() => link.desired.get('pods/default/a') !== undefined, 'the pod');
    const { pid } = bench.bus.server;
    assert.ok(pid);
    process.kill(pid, 'SIGKILL');
    await until(() => !link.isConnected, 'the bus is away');
    link.report(reportOf(pod, 'Running'));
    const { kind: _kind, apiVersion: _version, ...node } = aNode({ name: 'n1' });
    const registering = link.register({ node, routes: [] }, scope.signal);
    await bench.store.create('pods', aPod({ name: 'late', nodeName: 'n1' }));
    await until(() => link.desired.get('pods/default/late') !== undefined, 'the pod that was bound meanwhile', {
      withinMs: 15_000,
    });
    assert.equal((await registering).podCIDR, '10.90.0.0/24');
    await until(() => {
      return bench.store.get<KubeObject & Pick<Pod, 'status'>>('pods', 'default', 'a')?.status?.phase === 'Running';
    }, 'the status');
  });

  it('introduces itself and its pods again to a controller that took over', async () => {
    const pod = await bind('a');
    link.run(scope);
    await until(() => link.desired.get('pods/default/a') !== undefined, 'the pod');
    const { kind: _kind, apiVersion: _version, ...node } = aNode({ name: 'n1' });
    await link.register({ node, routes: [] }, scope.signal);
    link.report(reportOf(pod, 'Running'));
    await until(() => {
      return bench.store.get<KubeObject & Pick<Pod, 'status'>>('pods', 'default', 'a')?.status?.phase === 'Running';
    }, 'the status');
    await bench.store.modify<KubeObject & Pick<Pod, 'status'>>('pods', 'default', 'a', (current) => ({
      ...current,
      status: { phase: 'Pending' },
    }));
    await bench.store.modify<KubeObject & Pick<Node, 'status'>>('nodes', '', 'n1', (current) => ({
      ...current,
      status: { ...current.status, conditions: [{ type: 'Ready', status: 'Unknown' }] },
    }));
    await bench.restartNodes();
    await until(async () => {
      link.heartbeat();
      await bus.flush();
      return bench.store.get<KubeObject & Pick<Pod, 'status'>>('pods', 'default', 'a')?.status?.phase === 'Running';
    }, 'the agent sees another epoch');
    await until(() => {
      const found = bench.store.get<KubeObject & Pick<Node, 'status'>>('nodes', '', 'n1');
      return found?.status?.conditions?.[0]?.status === 'True';
    }, 'the node is ready');
  });

  it('drops what a controller will never take, and sends the rest', async () => {
    const good = await bind('good');
    link.run(scope);
    const bad = { ...reportOf(good, 'Running'), uid: 'bad', name: '../evil' };
    link.report(bad);
    link.report(reportOf(good, 'Running'));
    await until(() => {
      return bench.store.get<KubeObject & Pick<Pod, 'status'>>('pods', 'default', 'good')?.status?.phase === 'Running';
    }, 'the good one');
  });

  it('ignores what does not come from a controller that makes sense', async () => {
    link.run(scope);
    await until(() => link.desired.isLoaded, 'it is loaded');
    bench.controller.publishBytes(subjects.desired('n1'), Buffer.from('{'));
    const evil = { key: 'pods/../../etc/x', object: { metadata: { name: 'x' } } };
    bench.controller.publish(subjects.desired('n1'), { epoch: 'x', counter: 1, previous: 0, set: [evil] });
    await bind('after');
    await until(() => link.desired.get('pods/default/after') !== undefined, 'it goes on');
    assert.equal(link.desired.list('').length, 1);
  });

  it('carries a large desired set in parts', async () => {
    const data = { blob: 'x'.repeat(400_000) };
    for (const name of ['one', 'two', 'three', 'four']) {
      const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data };
      await bench.store.create('configmaps', object);
      const pod = aPod({ name, nodeName: 'n1' });
      const volumes = [{ name: 'v', configMap: { name } }];
      await bench.store.create('pods', { ...pod, spec: { containers: [], ...pod.spec, volumes } });
    }
    link.run(scope);
    await until(() => link.desired.list('').length === 8, 'all of it');
  });
});
