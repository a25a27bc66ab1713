import assert from 'node:assert/strict';
import { ApiClient } from '../../cli/client/client.ts';
import { isGivenUp, planDrain } from '../../cli/nodes/drain-plan.ts';
import { loadKubeconfig } from '../../cli/client/kubeconfig.ts';
import { aPod } from '../objects.ts';
import { until } from '../support/until.ts';
import { ControlPlane } from './control-plane.ts';

const node = (name: string, labels: Record<string, string> = {}): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels } });

const pod = (name: string, nodeName: string, spec: object = {}, metadata: object = {}): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name }, ...metadata },
    spec: { nodeName, containers: [{ name: 'c', image: 'i' }], ...spec },
  });

describe('berth on nodes', function () {
  this.timeout(120_000);
  let plane: ControlPlane;
  let client: ApiClient;

  before(async () => {
    plane = await ControlPlane.start();
    client = new ApiClient(loadKubeconfig(plane.kubeconfig));
    const nodes = [node('a', { disk: 'ssd' }), node('b', { disk: 'ssd' }), node('c'), node('d'), node('e')];
    await plane.ok('apply -f -', { stdin: nodes.join('\n---\n') });
  });

  after(async () => {
    client?.close();
    await plane?.stop();
  });

  /** What no node does here: says that a pod runs and is ready. */
  async function markReady(name: string): Promise<void> {
    await client.call('PATCH', `/api/v1/namespaces/default/pods/${name}/status`, {
      contentType: 'application/merge-patch+json',
      body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } },
    });
  }

  it('cordons and uncordons by name and by label, once', async () => {
    assert.equal(await plane.ok('cordon a --dry-run'), 'node/a cordoned (server dry run)');
    assert.equal(await plane.ok('cordon a'), 'node/a cordoned');
    assert.match(await plane.ok('get node a'), /SchedulingDisabled/);
    assert.equal(await plane.ok('cordon node/a b'), 'node/a already cordoned\nnode/b cordoned');
    assert.equal(await plane.ok('uncordon -l disk=ssd'), 'node/a uncordoned\nnode/b uncordoned');
    assert.equal(await plane.ok("uncordon a -o 'jsonpath={.spec.unschedulable}'"), '');
    assert.equal(await plane.ok('uncordon a -o name'), 'node/a');
    assert.match(await plane.fails('cordon nowhere', 1), /nodes "nowhere" not found/);
    assert.match(await plane.fails('cordon', 2), /name the nodes, or choose them with -l/);
  });

  it('taints, changes only when told to, and takes taints off', async () => {
    const taints = (): Promise<string> => plane.ok('get node c -o \'jsonpath={.spec.taints[?(@.key!="")].value}\'');
    assert.equal(await plane.ok('taint nodes c use=db:NoSchedule use=db:NoExecute'), 'node/c tainted');
    assert.match(
      await plane.fails('taint nodes c use=web:NoSchedule', 1),
      /node\/c: already has use taint.*--overwrite/,
    );
    assert.equal(await plane.ok('taint node/c use=web:NoSchedule --overwrite'), 'node/c modified');
    assert.match(await taints(), /web/);
    assert.equal(await plane.ok('taint nodes c use:NoExecute-'), 'node/c untainted');
    assert.equal(await plane.ok('taint nodes c use- use=x:PreferNoSchedule'), 'node/c modified');
    assert.equal(await plane.ok('taint nodes c use-'), 'node/c untainted');
    assert.match(await plane.fails('taint nodes c use-', 1), /taint "use" not found/);
    assert.match(await plane.fails('taint nodes c use=x:Never', 2), /invalid taint effect: Never; use NoSchedule/);
    assert.match(await plane.fails('taint nodes c', 2), /name a taint/);
    assert.match(await plane.fails('taint pods c use-', 2), /only nodes have taints/);
  });

  it('says which flags allow what keeps a node from being drained', async () => {
    const volumes = { volumes: [{ name: 'v', emptyDir: {} }] };
    const pods = [pod('bare', 'd'), pod('kept', 'd', volumes), pod('done', 'd')];
    await plane.ok('apply -f -', { stdin: pods.join('\n---\n') });
    const { code, stdout, stderr } = await plane.berth('drain d');
    assert.deepEqual([code, stdout], [1, 'node/d cordoned\n']);
    assert.match(
      stderr,
      /^berth: unable to drain node "d": cannot delete Pods with local storage \(use --delete-emptydir-data /,
    );
    assert.match(stderr, /declare no controller \(use --force to override\): default\/bare, default\/done\n$/);
    const dry = await plane.berth('drain d --force --delete-emptydir-data --dry-run');
    assert.equal(dry.code, 0);
    assert.match(
      dry.stdout,
      /^node\/d already cordoned \(server dry run\)\nevicting pod default\/bare \(server dry run\)\n/,
    );
    assert.match(dry.stdout, /node\/d drained \(server dry run\)\n$/);
    assert.match(
      dry.stderr,
      /^Warning: deleting Pods with local storage: default\/kept; deleting Pods that declare no /,
    );
    assert.equal((await plane.ok('get pods -o name')).split('\n').length, 3);
    const drained = await plane.ok('drain d --force --delete-emptydir-data --grace-period=0');
    assert.match(drained, /evicting pod default\/done\n[^]*pod\/bare evicted\n[^]*node\/d drained$/);
    assert.equal(await plane.ok('get pods -o name'), '');
  });

  it('waits for a budget, as long as it may, and goes on when the budget allows it', async () => {
    await plane.ok('apply -f -', { stdin: pod('guarded', 'e') });
    await markReady('guarded');
    const spec = { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } };
    const budget = { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: { name: 'guard' }, spec };
    await plane.ok('apply -f -', { stdin: JSON.stringify(budget) });
    await plane.ok("wait pdb/guard --for='jsonpath={.status.currentHealthy}=1'");
    const held = await plane.berth('drain e --force --grace-period=0 --timeout=1s');
    assert.equal(held.code, 1);
    assert.match(
      held.stderr,
      /\(will retry after 5s\): Cannot evict pod as it would violate the pod's disruption budget/,
    );
    assert.match(held.stderr, /guarded" -n "default": global timeout reached: 1s\n$/);

    const draining = plane.berth('drain e --force --grace-period=0');
    budget.spec.minAvailable = 0;
    await plane.ok('apply -f -', { stdin: JSON.stringify(budget) });
    const { code, stdout } = await draining;
    assert.equal(code, 0);
    assert.match(stdout, /pod\/guarded evicted\nnode\/e drained\n$/);
    await until(async () => (await plane.ok('get pods -o name')) === '', 'no pod is left');
  });
});

describe('planDrain', () => {
  const owned = (kind: string, more: object = {}): ReturnType<typeof aPod> => {
    const made = aPod({ name: kind.toLowerCase() });
    made.metadata.ownerReferences = [{ apiVersion: 'apps/v1', kind, name: 'x', uid: 'u', controller: true }];
    return { ...made, ...more };
  };

  it('leaves pods of DaemonSets and of the node itself where they are', () => {
    const mirror = aPod({ name: 'mirror' });
    mirror.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' };
    const pods = [owned('DaemonSet'), owned('ReplicaSet'), mirror];
    assert.match(
      planDrain(pods, {}).problems.join(),
      /^cannot delete DaemonSet-managed Pods \(use --ignore-daemonsets /,
    );
    const { evict, warnings, problems } = planDrain(pods, { ignoreDaemonsets: true });
    assert.deepEqual([evict, problems], [[pods[1]], []]);
    assert.match(warnings.join(), /^ignoring DaemonSet-managed Pods: .*\/daemonset$/);
  });

  it('waits for a pod that ends, but no longer than somebody wants to', () => {
    const running = aPod({ name: 'running' });
    const ending = { ...running, metadata: { ...running.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } };
    const late = Date.parse('2026-01-01T00:00:11Z');
    assert.equal(isGivenUp(ending, 10, late), true);
    assert.equal(isGivenUp(ending, 20, late), false);
    assert.equal(isGivenUp(ending, 0, late), false);
    assert.equal(isGivenUp(running, 10, late), false);
  });

  it('takes finished pods whatever they are', () => {
    const done = { ...aPod({ name: 'done' }), status: { phase: 'Succeeded' } };
    assert.deepEqual(planDrain([done], {}), { evict: [done], warnings: [], problems: [] });
  });
});
