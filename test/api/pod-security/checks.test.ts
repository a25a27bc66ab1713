import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { violationsOf } from '../../../controller/api/pod-security/checks.ts';
import { policyOf } from '../../../controller/api/pod-security/policy.ts';
import type { Level } from '../../../controller/api/pod-security/policy.ts';
import type { Container, PodSpec } from '../../../shared/objects/types.ts';

type Context = NonNullable<Container['securityContext']>;
type PodContext = NonNullable<PodSpec['securityContext']>;

/** What `restricted` asks for. */
const strict: Context = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

/** A pod that every standard accepts but for what is added: to its container's context, to the pod's, to the spec. */
interface Added {
  own?: Partial<Context>;
  pod?: PodContext;
  spec?: Partial<PodSpec>;
  container?: Partial<Container>;
  annotations?: Record<string, string>;
  containers?: Container[];
}

/** A standard (the latest version unless one is named), what a pod adds (YAML), and what is found: '' for nothing. */
type Row = readonly [standard: string, added: string, found: string];

const rows: readonly Row[] = [
  ['baseline', '', ''],
  ['restricted', '', ''],
  ['privileged', 'own: {privileged: true}', ''],
  ['baseline', 'own: {appArmorProfile: {type: RuntimeDefault}}', ''],
  ['baseline', 'own: {appArmorProfile: {type: Localhost}}', ''],
  [
    'baseline',
    'annotations: {container.apparmor.security.beta.kubernetes.io/c: runtime/default, other: unconfined}',
    '',
  ],
  ['baseline', 'annotations: {container.apparmor.security.beta.kubernetes.io/c: localhost/mine}', ''],
  [
    'baseline',
    'own: {appArmorProfile: {type: Unconfined}}',
    'forbidden AppArmor profile (container "c" must not set AppArmor profile type to "Unconfined")',
  ],
  [
    'baseline',
    'pod: {appArmorProfile: {type: Unconfined}}, annotations: {container.apparmor.security.beta.kubernetes.io/c: unconfined}',
    'forbidden AppArmor profiles (pod and annotation must not set AppArmor profile type to "Unconfined", "container.apparmor.security.beta.kubernetes.io/c="unconfined"")',
  ],
  ['baseline', 'own: {capabilities: {add: [CHOWN, MKNOD, NET_BIND_SERVICE]}}', ''],
  [
    'baseline',
    'own: {capabilities: {add: [SYS_ADMIN, NET_RAW, KILL]}}',
    'non-default capabilities (container "c" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
  ],
  ['restricted', 'own: {capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}', ''],
  [
    'restricted',
    'own: {capabilities: {drop: [NET_RAW], add: [CHOWN]}}',
    'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "CHOWN" in securityContext.capabilities.add)',
  ],
  ['restricted:v1.21', 'own: {capabilities: {add: [CHOWN]}}', ''],
  ['restricted', 'own: {capabilities: {}}, spec: {os: {name: windows}}', ''],
  [
    'restricted:v1.24',
    'own: {capabilities: {}}, spec: {os: {name: windows}}',
    'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"])',
  ],
  ['baseline', 'spec: {hostNetwork: false, hostPID: false, hostIPC: false}', ''],
  [
    'baseline',
    'spec: {hostNetwork: true, hostPID: true, hostIPC: true}',
    'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
  ],
  ['baseline', 'spec: {volumes: [{name: a, emptyDir: {}}, {name: n, nfs: {path: /, server: h}}]}', ''],
  [
    'baseline',
    'spec: {volumes: [{name: a, hostPath: {path: /}}, {name: b, hostPath: {path: /b}}]}',
    'hostPath volumes (volumes "a", "b")',
  ],
  ['baseline', 'container: {ports: [{containerPort: 80}]}', ''],
  [
    'baseline',
    'container: {ports: [{containerPort: 80, hostPort: 80}, {containerPort: 9, hostPort: 9}]}',
    'hostPort (container "c" uses hostPorts 80, 9)',
  ],
  ['baseline', 'container: {livenessProbe: {httpGet: {port: 80}}}', ''],
  [
    'baseline',
    'container: {livenessProbe: {httpGet: {port: 80, host: 10.0.0.1}}, lifecycle: {preStop: {tcpSocket: {port: 1, host: db}}}}',
    'probe or lifecycle host (container "c" uses probe or lifecycle hosts "10.0.0.1", "db")',
  ],
  ['baseline:v1.33', 'container: {startupProbe: {tcpSocket: {port: 80, host: db}}}', ''],
  ['baseline', 'own: {privileged: false}', ''],
  ['baseline', 'own: {privileged: true}', 'privileged (container "c" must not set securityContext.privileged=true)'],
  ['baseline', 'own: {procMount: Default}', ''],
  ['baseline', 'own: {procMount: Unmasked}, spec: {hostUsers: false}', ''],
  [
    'baseline:v1.34',
    'own: {procMount: Unmasked}, spec: {hostUsers: false}',
    'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'baseline',
    'own: {procMount: Unmasked}',
    'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'restricted',
    'own: {procMount: Unmasked}, spec: {hostUsers: false}',
    'procMount (container "c" must not set securityContext.procMount to "Unmasked")',
  ],
  ['restricted', 'own: {allowPrivilegeEscalation: true}, spec: {os: {name: windows}}', ''],
  ['restricted:v1.7', 'own: {allowPrivilegeEscalation: true}', ''],
  [
    'restricted',
    'own: {allowPrivilegeEscalation: true}',
    'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false)',
  ],
  ['baseline', 'own: {seLinuxOptions: {type: "", level: s0:c1}}', ''],
  ['baseline', 'own: {seLinuxOptions: {type: container_t, level: s0:c1}}', ''],
  ['baseline', 'own: {seLinuxOptions: {type: container_init_t, level: s0:c1}}', ''],
  ['baseline', 'own: {seLinuxOptions: {type: container_kvm_t, level: s0:c1}}', ''],
  ['baseline', 'own: {seLinuxOptions: {type: container_engine_t, level: s0:c1}}', ''],
  [
    'baseline:v1.30',
    'own: {seLinuxOptions: {type: container_engine_t}}',
    'seLinuxOptions (container "c" set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
  ],
  [
    'baseline',
    'pod: {seLinuxOptions: {user: u, role: r}}, own: {seLinuxOptions: {type: spc_t}}',
    'seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)',
  ],
  ['baseline', 'own: {seccompProfile: {type: Localhost, localhostProfile: a}}', ''],
  [
    'baseline',
    'pod: {seccompProfile: {type: Unconfined}}, own: {seccompProfile: {type: Unconfined}}',
    'seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'restricted',
    'pod: {seccompProfile: {type: Unconfined}}, own: {seccompProfile: {type: Unconfined}}',
    'seccompProfile (pod and container "c" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  ['restricted:v1.18', 'own: {seccompProfile: {type: Unconfined}}', ''],
  [
    'baseline:v1.18',
    'annotations: {seccomp.security.alpha.kubernetes.io/pod: unconfined}',
    'seccompProfile (forbidden annotation seccomp.security.alpha.kubernetes.io/pod="unconfined")',
  ],
  ['baseline:v1.0', 'annotations: {container.seccomp.security.alpha.kubernetes.io/c: docker/default}', ''],
  ['baseline:v1.0', 'pod: {sysctls: [{name: kernel.shm_rmid_forced, value: "1"}]}', ''],
  ['baseline:v1.27', 'pod: {sysctls: [{name: net.ipv4.ip_local_reserved_ports, value: "1"}]}', ''],
  ['baseline:v1.29', 'pod: {sysctls: [{name: net.ipv4.tcp_keepalive_time, value: "1"}]}', ''],
  ['baseline:v1.32', 'pod: {sysctls: [{name: net.ipv4.tcp_rmem, value: "1"}]}', ''],
  [
    'baseline:v1.26',
    'pod: {sysctls: [{name: net.ipv4.ip_local_reserved_ports, value: "1"}]}',
    'forbidden sysctls (net.ipv4.ip_local_reserved_ports)',
  ],
  [
    'baseline:v1.28',
    'pod: {sysctls: [{name: net.ipv4.tcp_keepalive_time, value: "1"}]}',
    'forbidden sysctls (net.ipv4.tcp_keepalive_time)',
  ],
  [
    'baseline:v1.31',
    'pod: {sysctls: [{name: net.ipv4.tcp_rmem, value: "1"}]}',
    'forbidden sysctls (net.ipv4.tcp_rmem)',
  ],
  ['baseline:latest', 'pod: {sysctls: [{name: kernel.msgmax, value: "1"}]}', 'forbidden sysctls (kernel.msgmax)'],
  ['baseline', 'pod: {windowsOptions: {hostProcess: false}}', ''],
  [
    'baseline',
    'pod: {windowsOptions: {hostProcess: true}}',
    'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
  ],
  [
    'restricted',
    'spec: {volumes: [{name: "1", configMap: {}}, {name: "2", csi: {driver: d}}, {name: "3", downwardAPI: {}}, {name: "4", emptyDir: {}}, {name: "5", ephemeral: {}}, {name: "6", persistentVolumeClaim: {claimName: c}}, {name: "7", projected: {sources: []}}, {name: "8", secret: {}}]}',
    '',
  ],
  [
    'restricted',
    'spec: {volumes: [{name: a, hostPath: {path: /}}, {name: b, nfs: {path: /, server: h}}]}',
    'restricted volume types (volumes "a", "b" use restricted volume types "hostPath", "nfs")',
  ],
  ['restricted', 'own: {runAsNonRoot: false}, spec: {hostUsers: false}', ''],
  [
    'restricted',
    'pod: {runAsNonRoot: false}, own: {runAsNonRoot: false}',
    'runAsNonRoot != true (pod and container "c" must not set securityContext.runAsNonRoot=false)',
  ],
  ['restricted', 'own: {runAsUser: 1000}', ''],
  ['restricted:v1.22', 'own: {runAsUser: 0}', ''],
  ['restricted', 'own: {runAsUser: 0}, spec: {hostUsers: false}', ''],
  [
    'restricted',
    'pod: {runAsUser: 0}, own: {runAsUser: 0}',
    'runAsUser=0 (pod and container "c" must not set runAsUser=0)',
  ],
  [
    'restricted:v1.999',
    'containers: [{name: a}, {name: b}]',
    'allowPrivilegeEscalation != false (containers "a", "b" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (containers "a", "b" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or containers "a", "b" must set securityContext.runAsNonRoot=true), seccompProfile (pod or containers "a", "b" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  [
    'restricted',
    'pod: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: a, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}}]',
    '',
  ],
];

function foundIn(standard: string, { own, pod, spec, container, annotations, containers }: Added): string {
  const [level, version = 'latest'] = standard.split(':');
  const checked = {
    metadata: { annotations: annotations ?? {} },
    spec: {
      ...(pod && { securityContext: pod }),
      containers: containers ?? [{ name: 'c', securityContext: { ...strict, ...own }, ...container }],
      ...spec,
    },
  };
  return violationsOf({ level: level as Level, version }, checked)
    .map(({ reason, detail }) => `${reason} (${detail})`)
    .join(', ');
}

describe('the Pod Security Standards', () => {
  for (const [standard, added, found] of rows) {
    it(`${found === '' ? 'accepts' : 'refuses'} at ${standard}: ${added}`, () => {
      assert.equal(foundIn(standard, parse(`{${added}}`) as Added), found);
    });
  }

  it('looks at init and ephemeral containers as at others', () => {
    const securityContext = { privileged: true };
    const spec: PodSpec = {
      containers: [{ name: 'b' }],
      initContainers: [{ name: 'a', securityContext }],
      ephemeralContainers: [{ name: 'd', securityContext }],
    };
    const [violation] = violationsOf({ level: 'baseline', version: 'latest' }, { spec });
    assert.equal(violation?.detail, 'containers "a", "d" must not set securityContext.privileged=true');
  });

  it('reads the labels of a namespace: nothing without them, the strictest when they cannot be read', () => {
    const name = 'pod-security.kubernetes.io';
    const privileged = { level: 'privileged', version: 'latest' };
    assert.deepEqual(policyOf(), { enforce: privileged, audit: privileged, warn: privileged });
    const enforced = { level: 'baseline', version: 'v1.30' };
    const labels = { [`${name}/enforce`]: 'baseline', [`${name}/enforce-version`]: 'v1.30' };
    assert.deepEqual(policyOf(labels), { enforce: enforced, audit: privileged, warn: enforced });
    assert.deepEqual(policyOf({ ...labels, [`${name}/warn`]: 'privileged' }).warn, privileged);
    const wrong = { [`${name}/enforce`]: 'strict', [`${name}/audit`]: 'x', [`${name}/warn-version`]: '1.30' };
    const restricted = { level: 'restricted', version: 'latest' };
    assert.deepEqual(policyOf(wrong), { enforce: restricted, audit: privileged, warn: privileged });
  });
});
