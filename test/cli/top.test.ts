import assert from 'node:assert/strict';
import type { Usage } from '../../controller/api/measured/resource-usage.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { ApiHarness } from '../api/harness.ts';
import { aNode, aPod } from '../objects.ts';
import { CommandLine } from './control-plane.ts';

const used = (cpu: number, mebibytes: number): Usage => ({
  at: Date.now(),
  windowMs: 10_000,
  cpu,
  memoryBytes: mebibytes * 2 ** 20,
});

describe('berth top', function () {
  this.timeout(60_000);
  let api: ApiHarness;
  let line: CommandLine;
  const nodes = new Map<string, Usage>();
  const pods = new Map<string, (Usage & { name: string })[]>();

  async function addPod(name: string, use: Record<string, Usage>): Promise<void> {
    const { metadata: _, ...pod } = aPod({ nodeName: 'node-1' });
    const metadata = { name, namespace: 'default', labels: { app: name } };
    const made = await api.store.create('pods', { ...pod, metadata } as KubeObject);
    const containers = Object.entries(use).map(([container, each]) => ({ name: container, ...each }));
    if (containers.length > 0) pods.set(made.metadata.uid ?? '', containers);
  }

  before(async () => {
    api = await ApiHarness.start({ usage: { node: (name) => nodes.get(name), pods: () => pods } });
    line = new CommandLine({ KUBECONFIG: await api.kubeconfig() });
    for (const name of ['node-1', 'node-2']) {
      const { metadata: _, ...node } = aNode({ cpu: '2', memory: '4Gi' });
      await api.store.create('nodes', { ...node, metadata: { name } } as KubeObject);
    }
  });
  after(() => api?.stop());

  it('says that there is nothing, or nothing yet', async () => {
    const none = await line.berth('top pods');
    assert.deepEqual([none.code, none.stderr], [0, 'No resources found in default namespace.\n']);
    assert.equal(await line.fails('top nodes', 1), 'berth: metrics not available yet');
    await addPod('new', {});
    assert.equal(await line.fails('top pod new', 1), 'berth: metrics not available yet');
    assert.match(await line.fails('top pod none', 1), /pods "none" not found/);
  });

  it('shows what pods use, whole or by container, the largest first when asked', async () => {
    await addPod('busy', { one: used(1.75, 16) });
    await addPod('web', { main: used(0.25, 64), side: used(0.0005, 1.5) });
    assert.equal(
      await line.ok('top pods'),
      'NAME   CPU(cores)   MEMORY(bytes)\nbusy   1750m        16Mi\nweb    251m         65Mi',
    );
    const [memory, cpu, everywhere, containers, one] = await Promise.all([
      line.ok('top pods --sort-by=memory --no-headers'),
      line.ok('top pod --sort-by cpu --no-headers'),
      line.ok('top pods -A -l app=web'),
      line.ok('top pods --containers -l app=web'),
      line.ok('top pod busy --no-headers'),
    ]);
    assert.match(memory, /^web .*\nbusy /);
    assert.match(cpu, /^busy .*\nweb /);
    assert.match(everywhere, /^NAMESPACE +NAME .*\ndefault +web +251m +65Mi$/);
    assert.match(containers, /^POD +NAME +CPU\(cores\) +MEMORY\(bytes\)\nweb +main +250m +64Mi\nweb +side +1m +1Mi$/);
    assert.match(one, /^busy +1750m +16Mi$/);
  });

  it('shows what nodes use of what they have, and which are not measured', async () => {
    nodes.set('node-1', used(0.5, 1024));
    assert.equal(
      (await line.ok('top nodes')).replaceAll(/ {2,}/g, '  '),
      'NAME  CPU(cores)  CPU(%)  MEMORY(bytes)  MEMORY(%)\nnode-1  500m  25%  1024Mi  25%\n' +
        'node-2  <unknown>  <unknown>  <unknown>  <unknown>',
    );
    assert.match(await line.ok('top node node-1 --no-headers'), /^node-1 +500m +25% +1024Mi +25%$/);
  });
});
