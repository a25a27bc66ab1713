import assert from 'node:assert/strict';
import { sandboxConfig } from '../../../agent/pods/sandbox-config.ts';
import { securityOf } from '../../../agent/pods/security.ts';
import type { ContainerConfig } from '../../../agent/runtime/driver.ts';
import { Sandboxes } from '../../../agent/runtime/oci/sandboxes.ts';
import { buildSpec } from '../../../agent/runtime/oci/spec/build-spec.ts';
import { capabilitiesOfMask } from '../../../agent/runtime/oci/spec/capabilities.ts';
import { appArmorProfileOf, missingIsolation, type HostIsolation } from '../../../agent/runtime/oci/spec/isolation.ts';
import { resolveUser } from '../../../agent/runtime/oci/spec/user.ts';
import { applyDefaults } from '../../../shared/objects/defaults.ts';
import { findResource } from '../../../shared/objects/resources.ts';
import { findType } from '../../../shared/objects/schema-table.ts';
import type { Container, KubeObject, Pod, PodSpec, Stored } from '../../../shared/objects/types.ts';
import { unsupported } from '../../../shared/objects/validation/unsupported.ts';
import { createCauses } from '../../../shared/objects/validation/validate.ts';
import { aPod } from '../../objects.ts';

const info = findResource('pods')!;
const image = { id: 'sha256:1', references: [], repoDigests: [], sizeBytes: 1, createdAt: 0, user: '' };
const capabilities = capabilitiesOfMask('1ffffffffff');
const plainHost: HostIsolation = { capabilities, appArmor: undefined };
/** The same each time, so that only what is asked makes a difference. */
const base = aPod();
const noSandboxes = new Sandboxes({} as never);

interface Asked {
  spec?: object;
  pod?: object;
  own?: object;
  annotations?: Record<string, string>;
}

function podAsking({ spec, pod, own, annotations }: Asked): Stored<Pod> {
  const container = { name: 'main', image: 'hello:1', ...(own && { securityContext: own }) };
  const whole = { containers: [container], ...(pod && { securityContext: pod }), ...spec } as PodSpec;
  const made = { ...base, metadata: { ...base.metadata, annotations: annotations ?? {} }, spec: whole };
  return applyDefaults(info, made as KubeObject) as Stored<Pod>;
}

/** What the node makes of it, as text that shows every difference. Throws what it refuses. */
async function madeOf(asked: Asked, host = plainHost): Promise<string> {
  const pod = podAsking(asked);
  const sandbox = sandboxConfig(pod, {
    attempt: 0,
    logDirectory: '/logs',
    nodeHostname: 'host',
    hostDns: { servers: [], searches: [], options: [] },
  });
  if (!sandbox.hostUsers && sandbox.sharePid) await noSandboxes.run(sandbox);
  const security = securityOf(pod, pod.spec!.containers[0] as Container, image);
  const refusal = missingIsolation(security, host, !sandbox.hostUsers);
  if (refusal !== undefined) throw new Error(refusal);
  const config = { tty: false, env: [], mounts: [], resources: { cpuRequestMillis: 1, pidsLimit: 1, oomScoreAdj: 0 } };
  const spec = buildSpec({
    config: { ...config, args: ['a'], security } as unknown as ContainerConfig,
    image: {},
    sandbox: {
      hostname: 'a',
      files: { hosts: '', hostname: '', resolvConf: '', shm: '' },
      namespaces: {},
      hostPid: sandbox.hostPid,
    },
    rootfs: '/absent',
    user: await resolveUser('/absent', '', security),
    host: {
      capabilities,
      openFiles: 1,
      minOomScoreAdj: 0,
      cgroups: { controllers: new Set(), hasSwapAccounting: false },
    },
    cgroupsPath: '/c',
    isCgroup2: true,
    seccomp: undefined,
    appArmorProfile: appArmorProfileOf(security),
    devices: [],
  });
  return JSON.stringify([spec, sandbox, security.seccomp, security.isGroupListStrict]);
}

/** Every field by which a pod asks for more or less isolation: what is asked, and what comes of it. */
type Outcome = 'enforced' | 'warned' | RegExp;
const rows: readonly [field: string, asked: Asked, outcome: Outcome][] = [
  ['SecurityContext.allowPrivilegeEscalation', { own: { allowPrivilegeEscalation: false } }, 'enforced'],
  [
    'SecurityContext.appArmorProfile',
    { own: { appArmorProfile: { type: 'RuntimeDefault' } } },
    /AppArmor is not enabled/,
  ],
  ['SecurityContext.capabilities', { own: { capabilities: { drop: ['ALL'] } } }, 'enforced'],
  ['SecurityContext.capabilities', { own: { capabilities: { add: ['SYS_GOD'] } } }, /unknown capability "SYS_GOD"/],
  ['SecurityContext.capabilities', { own: { capabilities: { drop: ['NETRAW'] } } }, /unknown capability "NETRAW"/],
  ['SecurityContext.privileged', { own: { privileged: true } }, 'enforced'],
  ['SecurityContext.procMount', { own: { procMount: 'Unmasked' } }, /`hostUsers` must be false to use `Unmasked`/],
  ['SecurityContext.procMount', { own: { procMount: 'Unmasked' }, spec: { hostUsers: false } }, 'enforced'],
  ['SecurityContext.readOnlyRootFilesystem', { own: { readOnlyRootFilesystem: true } }, 'enforced'],
  ['SecurityContext.runAsGroup', { own: { runAsGroup: 7 } }, 'enforced'],
  ['SecurityContext.runAsNonRoot', { own: { runAsNonRoot: true } }, /image will run as root/],
  ['SecurityContext.runAsUser', { own: { runAsUser: 7 } }, 'enforced'],
  ['SecurityContext.seLinuxOptions', { own: { seLinuxOptions: { level: 's0' } } }, /Cannot enforce seLinuxOptions/],
  ['SecurityContext.seccompProfile', { own: { seccompProfile: { type: 'Unconfined' } } }, 'enforced'],
  ['SecurityContext.windowsOptions', { own: { windowsOptions: { runAsUserName: 'a' } } }, 'warned'],
  ['PodSecurityContext.appArmorProfile', { pod: { appArmorProfile: { type: 'RuntimeDefault' } } }, /AppArmor is not/],
  ['PodSecurityContext.fsGroup', { pod: { fsGroup: 7 } }, 'enforced'],
  ['PodSecurityContext.fsGroupChangePolicy', { pod: { fsGroupChangePolicy: 'OnRootMismatch' } }, 'warned'],
  ['PodSecurityContext.runAsGroup', { pod: { runAsGroup: 7 } }, 'enforced'],
  ['PodSecurityContext.runAsNonRoot', { pod: { runAsNonRoot: true } }, /image will run as root/],
  ['PodSecurityContext.runAsUser', { pod: { runAsUser: 7 } }, 'enforced'],
  ['PodSecurityContext.seLinuxChangePolicy', { pod: { seLinuxChangePolicy: 'Recursive' } }, 'warned'],
  [
    'PodSecurityContext.seLinuxOptions',
    { pod: { seLinuxOptions: { type: 'spc_t' } } },
    /Cannot enforce seLinuxOptions/,
  ],
  ['PodSecurityContext.seccompProfile', { pod: { seccompProfile: { type: 'Unconfined' } } }, 'enforced'],
  ['PodSecurityContext.supplementalGroups', { pod: { supplementalGroups: [7] } }, 'enforced'],
  ['PodSecurityContext.supplementalGroupsPolicy', { pod: { supplementalGroupsPolicy: 'Strict' } }, 'enforced'],
  ['PodSecurityContext.sysctls', { pod: { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] } }, 'enforced'],
  ['PodSecurityContext.windowsOptions', { pod: { windowsOptions: { runAsUserName: 'a' } } }, 'warned'],
  ['PodSpec.hostAliases', { spec: { hostAliases: [{ ip: '192.0.2.1', hostnames: ['a'] }] } }, 'enforced'],
  ['PodSpec.hostIPC', { spec: { hostIPC: true } }, 'enforced'],
  ['PodSpec.hostNetwork', { spec: { hostNetwork: true } }, 'enforced'],
  ['PodSpec.hostPID', { spec: { hostPID: true } }, 'enforced'],
  ['PodSpec.hostUsers', { spec: { hostUsers: false } }, 'enforced'],
  ['PodSpec.hostUsers', { spec: { hostUsers: false, shareProcessNamespace: true } }, /cannot be had together/],
  [
    'PodSpec.hostUsers',
    { spec: { hostUsers: false, hostPID: true } },
    /spec.hostPID: Forbidden: when `hostUsers` is false/,
  ],
  ['PodSpec.hostname', { spec: { hostname: 'a' } }, 'enforced'],
  ['PodSpec.hostnameOverride', { spec: { hostnameOverride: 'a' } }, 'warned'],
  ['PodSpec.os', { spec: { os: { name: 'windows' } } }, /spec.os.name: Unsupported value: "windows"/],
  ['PodSpec.runtimeClassName', { spec: { runtimeClassName: 'gvisor' } }, /no runtime for RuntimeClass "gvisor"/],
  ['PodSpec.shareProcessNamespace', { spec: { shareProcessNamespace: true } }, 'enforced'],
];

const fieldsOf = (type: string): string[] =>
  Object.keys(findType(`io.k8s.api.core.v1.${type}`)?.fields ?? {}).map((name) => `${type}.${name}`);

describe('what a pod asks of its isolation', () => {
  it('is known field by field', () => {
    const asking = fieldsOf('PodSpec').filter((name) => /\.(host|share|os$|runtimeClass)/.test(name));
    const all = [...fieldsOf('SecurityContext'), ...fieldsOf('PodSecurityContext'), ...asking];
    assert.deepEqual([...new Set(rows.map(([field]) => field))].sort(), all.sort());
  });

  for (const [field, asked, outcome] of rows) {
    it(`${field}: ${JSON.stringify(asked)} is ${outcome instanceof RegExp ? 'refused' : outcome}`, async () => {
      const warnings = unsupported(info, podAsking(asked) as KubeObject);
      const refuse = async (): Promise<void> => {
        const causes = createCauses(info, podAsking(asked) as KubeObject);
        if (causes.length > 0) throw new Error(causes.map((cause) => `${cause.field}: ${cause.message}`).join());
        await madeOf(asked);
      };
      if (outcome instanceof RegExp) return assert.rejects(refuse, outcome);
      await refuse();
      assert.equal(warnings.length, outcome === 'warned' ? 1 : 0, warnings.join());
      assert.equal((await madeOf(asked)) === (await madeOf({})), outcome === 'warned');
    });
  }

  it('is refused in the words of the old annotation too, and asks for nothing when it is unconfined', async () => {
    const asking = (profile: string): Asked => ({
      annotations: { 'container.apparmor.security.beta.kubernetes.io/main': profile },
    });
    await assert.rejects(
      madeOf(asking('runtime/default')),
      /Cannot enforce AppArmor: AppArmor is not enabled on the host/,
    );
    await assert.rejects(madeOf(asking('localhost/mine')), /AppArmor is not enabled/);
    await madeOf(asking('unconfined'));
    const [warning] = unsupported(info, podAsking(asking('unconfined')) as KubeObject);
    assert.match(
      warning ?? '',
      /^metadata\.annotations\[container.+\/main\]: deprecated since v1\.30; use the "appArmor/,
    );
    const [cause] = createCauses(info, podAsking(asking('strict')) as KubeObject);
    assert.match(cause?.message ?? '', /invalid AppArmor profile name: "strict"/);
  });

  it('gives the AppArmor profile that is loaded, and no other', async () => {
    const host = { ...plainHost, appArmor: new Set(['mine']) };
    const asking = (localhostProfile: string): Asked => ({
      own: { appArmorProfile: { type: 'Localhost', localhostProfile } },
    });
    assert.match(await madeOf(asking('mine'), host), /"apparmorProfile":"mine"/);
    await assert.rejects(madeOf(asking('other'), host), /the profile "other" is not loaded/);
    const byDefault = { own: { appArmorProfile: { type: 'RuntimeDefault' } } };
    await assert.rejects(madeOf(byDefault, host), /the profile "berth-default" is not loaded/);
    const loaded = { ...plainHost, appArmor: new Set(['berth-default']) };
    assert.match(await madeOf(byDefault, loaded), /"apparmorProfile":"berth-default"/);
  });

  it('takes no capability that the node itself has not, unless all are asked for', async () => {
    const host = { ...plainHost, capabilities: new Set(['CAP_CHOWN']) };
    const adding = (name: string): Asked => ({ own: { capabilities: { add: [name] } } });
    await assert.rejects(madeOf(adding('SYS_TIME'), host), /capability "SYS_TIME" is not available on this node/);
    await madeOf(adding('ALL'), host);
    await madeOf(adding('cap_chown'), host);
  });
});
