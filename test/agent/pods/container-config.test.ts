import assert from 'node:assert/strict';
import { containerConfig } from '../../../agent/pods/container-config.ts';
import { pullCredentials } from '../../../agent/pods/pull-secrets.ts';
import { sandboxConfig } from '../../../agent/pods/sandbox-config.ts';
import type { ContainerConfig, SandboxId } from '../../../agent/runtime/driver.ts';
import type { Container, KubeObject, PodSpec } from '../../../shared/objects/types.ts';
import { aPod } from '../../objects.ts';

const configOf = async (
  container: Omit<Container, 'name'>,
  spec: Partial<PodSpec> = {},
  user = '',
): Promise<ContainerConfig> => {
  const pod = aPod();
  const main = { name: 'main', image: 'hello:1', ...container };
  const whole = { ...pod, spec: { ...pod.spec, ...spec, containers: [main] } };
  const { config } = await containerConfig(whole, main, {
    sandbox: 's' as SandboxId,
    attempt: 0,
    image: { id: 'sha256:1', references: [], repoDigests: [], sizeBytes: 1, createdAt: 0, user },
    logPath: '/logs/0.log',
    terminationLog: '/term',
    nodeMemoryBytes: 1 << 30,
    volumes: {
      prepare: (pod) => Promise.resolve(new Map((pod.spec?.volumes ?? []).map(({ name }) => [name, `/vol/${name}`]))),
      subPath: ({ volume, path }) => Promise.resolve(`/sub/${volume}/${path}`),
      remove: () => Promise.resolve(),
      list: () => Promise.resolve([]),
    },
    config: { find: () => undefined },
    place: { nodeName: 'n1', hostIP: '', podIP: '' },
    allocatable: {},
    api: undefined,
  });
  return config;
};

describe('containerConfig', () => {
  it('expands variables in command and arguments', async () => {
    const env = [{ name: 'WHO', value: 'world' }];
    const config = await configOf({ command: ['echo'], args: ['hello $(WHO)', '$$(WHO)'], env });
    assert.deepEqual(config.command, ['echo']);
    assert.deepEqual(config.args, ['hello world', '$(WHO)']);
  });

  it('mounts volumes, parts of volumes and the termination log', async () => {
    const config = await configOf(
      {
        env: [{ name: 'DIR', value: 'd' }],
        volumeMounts: [
          { name: 'data', mountPath: '/data', mountPropagation: 'HostToContainer' },
          { name: 'data', mountPath: '/part', subPathExpr: '$(DIR)/x', readOnly: true },
          { name: 'conf', mountPath: '/conf' },
        ],
      },
      {
        volumes: [
          { name: 'data', emptyDir: {} },
          { name: 'conf', configMap: { name: 'cm' } },
        ],
      },
    );
    const seen = config.mounts.map(({ containerPath, hostPath, readOnly }) => [containerPath, hostPath, readOnly]);
    assert.deepEqual(seen, [
      ['/data', '/vol/data', false],
      ['/part', '/sub/data/d/x', true],
      ['/conf', '/vol/conf', true],
      ['/dev/termination-log', '/term', false],
    ]);
    assert.equal(config.mounts[0]?.propagation, 'hostToContainer');
    const volumeMounts = [{ name: 'data', mountPath: '/r', readOnly: true, recursiveReadOnly: 'Enabled' }];
    const recursive = await configOf({ volumeMounts }, { volumes: [{ name: 'data', emptyDir: {} }] });
    assert.equal(recursive.mounts[0]?.readOnly, 'recursive');
  });

  it('refuses a sub path with an unknown variable', async () => {
    const volumeMounts = [{ name: 'data', mountPath: '/d', subPathExpr: '$(NONE)' }];
    const made = configOf({ volumeMounts }, { volumes: [{ name: 'data', emptyDir: {} }] });
    await assert.rejects(made, /missing value for "NONE"/);
  });

  it('takes the security of the container over that of the pod', async () => {
    const { security } = await configOf(
      { securityContext: { runAsUser: 5, capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } } },
      { securityContext: { runAsUser: 4, runAsGroup: 4, fsGroup: 7, supplementalGroups: [8, 7] } },
    );
    assert.equal(security.runAsUser, 5);
    assert.equal(security.runAsGroup, 4);
    assert.deepEqual(security.supplementalGroups, [7, 8]);
    assert.deepEqual([security.dropCapabilities, security.addCapabilities], [['ALL'], ['NET_ADMIN']]);
    assert.equal(security.allowPrivilegeEscalation, true);
    assert.deepEqual(security.seccomp, { type: 'RuntimeDefault' });
  });

  it('lets programs gain privileges unless that is ruled out, as in Kubernetes', async () => {
    const asked = async (securityContext: object): Promise<boolean> =>
      (await configOf({ securityContext })).security.allowPrivilegeEscalation;
    assert.equal(await asked({}), true);
    assert.equal(await asked({ allowPrivilegeEscalation: false }), false);
    assert.equal(await asked({ allowPrivilegeEscalation: false, capabilities: { add: ['SYS_ADMIN'] } }), false);
  });

  it('refuses root where only others may run', async () => {
    const securityContext = { runAsNonRoot: true };
    await assert.rejects(
      configOf({ securityContext }),
      /^ApiError: container has runAsNonRoot and image will run as root \(pod: "web_default\(.+\)", container: main\)$/,
    );
    await assert.rejects(configOf({ securityContext }, {}, 'www'), /non-numeric user \(www\)/);
    assert.equal((await configOf({ securityContext }, {}, '1000')).security.runAsNonRoot, true);
  });

  it('lets the kernel kill best effort first, guaranteed last, and burstable by what they asked for', async () => {
    const limits = { cpu: '1', memory: '64Mi' };
    const half = { requests: { memory: String(1 << 29) } };
    assert.equal((await configOf({})).resources.oomScoreAdj, 1000);
    assert.equal((await configOf({ resources: { limits } })).resources.oomScoreAdj, -997);
    assert.equal((await configOf({ resources: half })).resources.oomScoreAdj, 500);
    assert.equal((await configOf({ resources: { limits } })).resources.memoryLimitBytes, 64 << 20);
  });
});

describe('sandboxConfig', () => {
  const facts = {
    attempt: 0,
    logDirectory: '/logs',
    nodeHostname: 'host',
    hostDns: { servers: ['192.0.2.53'], searches: ['example'], options: ['ndots:1', 'rotate'] },
  };

  it('adds the settings of the pod to those of the host, or takes them alone', () => {
    const dnsConfig = { nameservers: ['192.0.2.54'], searches: ['own'], options: [{ name: 'ndots', value: '5' }] };
    const pod = aPod();
    const withDns = { ...pod, spec: { containers: [], ...pod.spec, dnsConfig } };
    assert.deepEqual(sandboxConfig(withDns, facts).dns, {
      servers: ['192.0.2.53', '192.0.2.54'],
      searches: ['example', 'own'],
      options: ['rotate', 'ndots:5'],
    });
    const alone = { ...withDns, spec: { ...withDns.spec, dnsPolicy: 'None' } };
    assert.deepEqual(sandboxConfig(alone, facts).dns.servers, ['192.0.2.54']);
  });

  it('maps host ports only outside of the host network', () => {
    const pod = aPod();
    const containers = [{ name: 'main', ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }] }];
    const own = { ...pod, spec: { ...pod.spec, containers } };
    assert.deepEqual(sandboxConfig(own, facts).ports, [{ containerPort: 80, hostPort: 8080, protocol: 'TCP' }]);
    const shared = sandboxConfig({ ...own, spec: { ...own.spec, hostNetwork: true } }, facts);
    assert.deepEqual([shared.ports, shared.hostname], [[], 'host']);
  });
});

describe('pullCredentials', () => {
  it('reads the secrets of the pod and of its service account', () => {
    const auth = Buffer.from('me:pass:word').toString('base64');
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64');
    const objects: Record<string, object> = {
      'secrets/default/a': {
        data: { '.dockerconfigjson': encode({ auths: { 'https://index.docker.io/v1/': { auth } } }) },
      },
      'secrets/default/b': { data: { '.dockercfg': encode({ 'reg.test:5000': { username: 'u', password: 'p' } }) } },
      'serviceaccounts/default/default': { imagePullSecrets: [{ name: 'b' }] },
    };
    const find = (resource: string, namespace: string, name: string): KubeObject | undefined =>
      objects[`${resource}/${namespace}/${name}`] as KubeObject | undefined;
    const pod = aPod();
    const imagePullSecrets = [{ name: 'a' }, { name: 'gone' }];
    const found = pullCredentials({ ...pod, spec: { containers: [], ...pod.spec, imagePullSecrets } }, { find });
    assert.deepEqual(found.credentials, [
      { registry: 'docker.io', username: 'me', password: 'pass:word' },
      { registry: 'reg.test:5000', username: 'u', password: 'p' },
    ]);
    assert.deepEqual(found.missing, ['gone']);
  });
});
