import assert from 'node:assert/strict';
import type { PodLogs } from '../../controller/api/pod-streams.ts';
import { ApiHarness } from '../api/harness.ts';
import { createRunningPod } from '../api/running-pod.ts';
import { everyKind } from '../contract/every-kind.ts';
import { CommandLine } from './control-plane.ts';

const selector = { matchLabels: { app: 'web' } };
const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } };

function workload(kind: string): string {
  const metadata = { name: 'web', labels: { app: 'web' } };
  return JSON.stringify({ apiVersion: 'apps/v1', kind, metadata, spec: { selector, template } });
}

async function* says(pod: string): AsyncGenerator<Uint8Array, void> {
  yield Buffer.from(`${pod} speaks\n`);
}

describe('flags of kubectl', function () {
  this.timeout(90_000);
  let api: ApiHarness;
  let line: CommandLine;

  before(async () => {
    const podLogs: PodLogs = {
      read: async ({ metadata }) => says(metadata.name),
      readDeleted: async () => undefined,
    };
    api = await ApiHarness.start({ podLogs });
    line = new CommandLine({ KUBECONFIG: await api.kubeconfig() });
    for (const kind of ['Deployment', 'StatefulSet']) await line.berth('apply -f -', { stdin: workload(kind) });
  });
  after(() => api?.stop());

  it('rollout: takes labels, and says that nothing runs other kinds yet', async () => {
    assert.equal(await line.ok('rollout restart deployment -l app=web'), 'deployment.apps/web restarted');
    assert.match(await line.fails('rollout status statefulset/web', 2), /nothing runs a StatefulSet yet/);
  });

  it('values behind =: as kubectl takes them, of short flags and of switches', async () => {
    const wide = await line.ok('get deployments -n=default -o=wide --watch=false --no-headers=false');
    assert.match(wide, /^NAME .* CONTAINERS /);
    assert.equal(await line.ok('get deployment nothing --ignore-not-found=true -oname'), '');
    assert.match(await line.fails('get deployment nothing --ignore-not-found=F', 1), /"nothing" not found$/);
    const wrong = await line.fails('delete deployment web --wait=maybe', 2);
    assert.match(wrong, /^berth: --wait: "maybe" is neither true nor false; see berth delete --help$/);
  });

  it('get: leaves out who has set what, and shows the type when asked', async () => {
    const [plain, full, kind, templates] = await Promise.all([
      line.ok('get deployment web -o yaml'),
      line.ok('get deployments -o json --show-managed-fields'),
      line.ok('get deployments --show-kind --no-headers'),
      line.fails("get deploy -o go-template='{{.metadata.name}}'", 2),
    ]);
    assert.doesNotMatch(plain, /managedFields/);
    assert.match(full, /"managedFields"/);
    assert.match(kind, /^deployment\.apps\/web /);
    assert.match(templates, /Go templates are not understood; use -o jsonpath=/);
  });

  it('logs: of all pods of a deployment, and of no more at once than allowed', async () => {
    for (const name of ['a', 'b']) await createRunningPod(api, name);
    await line.ok('label pods a b app=web --overwrite');
    const all = await line.ok('logs deployment/web --all-pods');
    assert.deepEqual(all.split('\n').sort(), ['[pod/a/main] a speaks', '[pod/b/main] b speaks']);
    const refusal = await line.fails('logs -l app=web -f --max-log-requests=1', 2);
    assert.match(refusal, /2 logs to follow at once: --max-log-requests/);
    assert.match(await line.ok('logs -l app=web -f --max-log-requests=2'), /a speaks/);
  });

  it('describe: knows something of every kind', async () => {
    const kinds = everyKind().filter(({ info }) => info.verbs?.includes('get') !== false);
    for (const { collection, object, name = 'sample' } of kinds) {
      const { code, text } = await api.call('POST', collection, { body: object(name) });
      assert.equal(code, 201, `${collection}: ${text}`);
    }
    const types = kinds.map(({ info }) => (info.group === '' ? info.plural : `${info.plural}.${info.group}`));
    const told = await line.ok(`describe ${types.join(',')} --show-events=false`);
    for (const { info } of kinds) assert.match(told, new RegExp(`^Kind: +${info.kind}$`, 'm'));
    assert.doesNotMatch(told, /undefined|\[object Object\]|^Events:/m);
  });
});
