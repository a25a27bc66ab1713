import assert from 'node:assert/strict';
import { ApiHarness, type Json } from '../api/harness.ts';
import { Kubectl, needsKubectl } from '../api/kubectl.ts';
import { CommandLine } from './control-plane.ts';

const probe = { exec: { command: ['true'] } };
const main = {
  name: 'main',
  image: 'i:1',
  command: ['a'],
  args: ['b'],
  env: [{ name: 'A', value: '1' }],
  securityContext: { privileged: true },
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
};
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', labels: { app: 'web' }, annotations: { note: 'x' } },
  spec: {
    nodeName: 'n1',
    initContainers: [{ name: 'first', image: 'f' }],
    containers: [main, { name: 'side', image: 's:1' }],
  },
};

/** What makes the same pod by berth and by kubectl. */
const copies = [
  '--image=busybox -c look --profile=general -- sh -c x',
  '--image=busybox -c look --profile=baseline --arguments-only --env=C=d=e --image-pull-policy=Never -- x',
  '--image=busybox -c main --profile=restricted -- sh',
  '-c main --profile=netadmin -- sh',
  '--image=busybox -c look --profile=sysadmin --same-node --share-processes=false',
  '--image=busybox -c look --profile=legacy',
  '--image=busybox -c look --profile=general --set-image=main=z --set-image=side=y --keep-labels --keep-annotations',
  '--image=busybox -c look --profile=general --keep-liveness --keep-readiness --keep-startup',
  '--image=busybox -c look --profile=general --keep-init-containers=false',
  '--set-image=*=z --keep-labels',
];

describe('berth debug', function () {
  this.timeout(120_000);
  let api: ApiHarness;
  let line: CommandLine;
  let kubectl: Kubectl;

  before(async function () {
    needsKubectl(this);
    api = await ApiHarness.start();
    line = new CommandLine({ KUBECONFIG: await api.kubeconfig() });
    kubectl = await Kubectl.for(api);
    await kubectl.ok('create -f -', {
      stdin: JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } }),
    });
    await kubectl.ok('create -f -', { stdin: JSON.stringify(pod) });
  });
  after(() => api?.stop());

  const show = async (what: string): Promise<Json> => JSON.parse(await kubectl.ok(`get ${what} -o json`)) as Json;

  for (const [index, flags] of copies.entries()) {
    it(`makes the copy that kubectl makes of: ${flags}`, async () => {
      const made = async (name: string): Promise<Json> => {
        const { metadata, spec } = await show(`pod ${name}`);
        return { labels: metadata.labels, annotations: metadata.annotations, spec };
      };
      assert.equal(await line.ok(`debug web --copy-to=own-${index} ${flags}`), '');
      await kubectl.ok(`debug web --copy-to=theirs-${index} ${flags}`);
      assert.deepEqual(await made(`own-${index}`), await made(`theirs-${index}`));
    });
  }

  it('leaves labels behind also when only images differ, unlike kubectl: a controller would take the copy', async () => {
    await line.ok("debug web --copy-to=unlabelled '--set-image=*=z'");
    assert.equal((await show('pod unlabelled')).metadata.labels, undefined);
  });

  it('puts the container into the running pod that kubectl puts there', async () => {
    for (const profile of ['general', 'restricted']) {
      const flags = `--image=busybox --profile=${profile} --env=A=b -- sh -c x`;
      await line.ok(`debug web -c own-${profile} --target=main ${flags}`);
      await kubectl.ok(`debug web -c theirs-${profile} --target=main ${flags}`);
      const [own, theirs] = (await show('pod web')).spec.ephemeralContainers.slice(-2);
      assert.deepEqual({ ...own, name: '' }, { ...theirs, name: '' });
    }
  });

  it('opens a node as kubectl does, by every profile', async () => {
    const made = async (said: string): Promise<Json> => {
      const [, name = ''] =
        /Creating debugging pod (node-debugger-n1-\w{5}) with container debugger on node n1\./.exec(said) ?? [];
      const { spec } = await show(`pod ${name}`);
      return JSON.parse(JSON.stringify(spec).replaceAll(/kube-api-access-\w+/g, 'token')) as Json;
    };
    for (const profile of ['general', 'baseline', 'restricted', 'netadmin', 'sysadmin', 'legacy']) {
      const words = `debug node/n1 --image=busybox --profile=${profile} -- chroot /host true`;
      assert.deepEqual(await made(await line.ok(words)), await made(await kubectl.ok(words)), profile);
    }
  });

  it('replaces the pod that it copies, and keeps it when the copy is refused', async () => {
    await kubectl.ok('create -f -', { stdin: JSON.stringify({ ...pod, metadata: { name: 'old' } }) });
    const taken = await line.fails('debug old --copy-to=web --replace --image=busybox -c look', 1);
    assert.match(taken, /pods "web" already exists/);
    await line.ok('debug old --copy-to=new --replace --image=busybox -c look');
    assert.match(await line.fails('get pod old', 1), /"old" not found/);
    await line.ok('debug new --copy-to=new --replace --image=other -c look');
    assert.equal((await show('pod new')).spec.containers[2].image, 'other');
  });

  it('says on one line what is wrong, with the code that kubectl fails with', async () => {
    const wrong: [string, 1 | 2, RegExp][] = [
      ['web', 2, /name the image with the tools, as --image=busybox, or a copy with --copy-to$/],
      ['web --image=b --replace', 2, /--replace may only be used with --copy-to$/],
      ['web --image=b --same-node', 2, /--same-node may only be used with --copy-to$/],
      ['web --image=b --set-image=a=b', 2, /--set-image may only be used with --copy-to$/],
      ['web --image=b --copy-to=x --target=main', 2, /--target is incompatible with --copy-to: use --share-processes/],
      ['web --image=b -t', 2, /-t needs -i, as -it$/],
      ['web --image=b --profile=no', 2, /Allowed choices are general, baseline/],
      ['web --copy-to=x -c nope', 2, /you must specify --image when creating a new container$/],
      ['nope --image=b', 1, /pods "nope" not found$/],
      ['nope --image=b --copy-to=x', 1, /pods "nope" not found$/],
      ['node/nope --image=b', 1, /nodes "nope" not found$/],
      ['cm/nope --image=b', 1, /configmaps "nope" not found$/],
      ['web --image=b --copy-to=web', 1, /pods "web" already exists$/],
    ];
    for (const [words, code, message] of wrong) {
      const [own] = await Promise.all([line.fails(`debug ${words} -q`, code), kubectl.fails(`debug ${words}`)]);
      assert.match(own, message);
    }
    assert.match(
      await line.fails('debug web --copy-to=x --set-image=nope=z', 1),
      /unable to find container named "nope"$/,
    );
  });
});
