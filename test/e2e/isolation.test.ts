import assert from 'node:assert/strict';
import type { Kubectl } from '../api/kubectl.ts';
import { needsMappedMemory } from '../support/needs.ts';
import { until } from '../support/until.ts';
import { type Cluster, isReady } from './cluster.ts';
import { idle, shellPod } from './shell-pods.ts';
import { openToolsCluster } from './tools-cluster.ts';

describe('isolation of pods', function () {
  this.timeout(120_000);
  let cluster: Cluster;
  let kubectl: Kubectl;

  before(async function () {
    ({ cluster, kubectl } = await openToolsCluster(this));
  });
  afterEach(function () {
    cluster.explain(this.currentTest);
  });
  after(() => cluster?.destroy());

  it('gives users of its own to a pod, with token, volumes, probe and exec as for any other', async function () {
    needsMappedMemory(this);
    const volumes = [
      { name: 'scratch', emptyDir: {} },
      { name: 'info', downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
    ];
    const volumeMounts = [
      { name: 'scratch', mountPath: '/scratch' },
      { name: 'info', mountPath: '/info' },
    ];
    const readinessProbe = { exec: { command: ['sh', '-c', 'test -s /info/name'] }, periodSeconds: 1 };
    const spec = { hostUsers: false, volumes, securityContext: { runAsUser: 1000, fsGroup: 77 } };
    await cluster.create(shellPod('own', idle, spec, { volumeMounts, readinessProbe }));
    await cluster.untilPod('own', 'is ready', isReady);
    const token = '/var/run/secrets/kubernetes.io/serviceaccount/token';
    const script = `id -u; cat /proc/self/uid_map; head -c 2 ${token}; echo; echo x > /scratch/file; ls -ln /scratch`;
    const { stdout, stderr } = await kubectl.run(['exec', 'own', '--', 'sh', '-c', script]);
    assert.match(stdout, /^1000\n +0 +[0-9]{7,} +65536\ney\n[^]+ 1000 +77 /, stdout + stderr);
  });

  it('shows why a pod is not run whose isolation the node cannot give', async () => {
    const asking = (name: string, securityContext: object): object => shellPod(name, idle, {}, { securityContext });
    await cluster.create(
      asking('labels', { seLinuxOptions: { type: 'spc_t' } }) as never,
      asking('powers', { capabilities: { add: ['SYS_GOD'] } }) as never,
      asking('filter', { seccompProfile: { type: 'Localhost', localhostProfile: 'absent.json' } }) as never,
      shellPod('machine', idle, { runtimeClassName: 'gvisor' }),
    );
    for (const [name, message] of [
      ['labels', /Cannot enforce seLinuxOptions/],
      ['powers', /unknown capability "SYS_GOD"/],
      ['filter', /seccomp\/absent.json cannot be read/],
      ['machine', /no runtime for RuntimeClass "gvisor"/],
    ] as const) {
      const pod = await cluster.untilPod(name, 'has a reason', ({ status }) => {
        return status?.containerStatuses?.[0]?.state?.waiting?.message !== undefined;
      });
      const { reason, message: text } = pod.status?.containerStatuses?.[0]?.state?.waiting ?? {};
      assert.equal(reason, 'CreateContainerConfigError');
      assert.match(text ?? '', message);
      await until(async () => (await cluster.eventsOf(name)).some((each) => message.test(each.message ?? '')), name);
    }
  });

  it('refuses what a Deployment makes in a namespace that does not allow it, and shows it there', async () => {
    await kubectl.ok('create namespace strict');
    await kubectl.ok('label namespace strict pod-security.kubernetes.io/enforce=restricted');
    const { stderr } = await kubectl.run(['create', 'deployment', 'web', '-n', 'strict', '--image=shell:1']);
    assert.match(stderr, /Warning: would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false/);
    const refused = /FailedCreate +[^\n]+Error creating: pods "web-[^\n]+ violates PodSecurity "restricted:latest"/;
    await until(async () => refused.test(await kubectl.ok('get events -n strict')), 'the event is there');
    assert.equal(await kubectl.ok('get pods -n strict'), '');
  });
});
