import { refusesEach } from './refuses-each.ts';

const spec = (text: string): string => `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: ${text}`;
const main = '{name: main, image: hello}';
const pod = (text: string): string => spec(`{containers: [${main}], ${text}}`);
const container = (text: string): string => spec(`{containers: [{name: main, image: hello, ${text}}]}`);
const mounted = (text: string): string =>
  spec(`{volumes: [{name: data}], containers: [{name: main, image: hello, ${text}}]}`);

describe('validation of pods', () => {
  it('checks pods', () => {
    refusesEach(spec, [
      ['{containers: []}', 'spec.containers: Required value'],
      ['{containers: [{image: hello}]}', 'spec.containers[0].name: Required value'],
      ['{containers: [{name: main}]}', 'spec.containers[0].image: Required value'],
      [
        '{containers: [{name: A, image: hello}]}',
        'spec.containers[0].name: Invalid value: "A": a lowercase RFC 1123 label',
      ],
      [`{containers: [${main}, ${main}]}`, 'spec.containers[1].name: Duplicate value: "main"'],
      [`{containers: [${main}], initContainers: [${main}]}`, 'spec.containers[0].name: Duplicate value: "main"'],
    ]);
    refusesEach(pod, [
      [
        'restartPolicy: Sometimes',
        'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
      ],
      ['dnsPolicy: Magic', 'spec.dnsPolicy: Unsupported value: "Magic"'],
      ['dnsPolicy: None', 'spec.dnsConfig: Required value: must provide at least one DNS nameserver'],
      ['hostname: a.b', 'spec.hostname: Invalid value'],
      ['nodeName: a/b', 'spec.nodeName: Invalid value'],
      ['serviceAccountName: A', 'spec.serviceAccountName: Invalid value'],
      ['activeDeadlineSeconds: 0', 'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and'],
      ['terminationGracePeriodSeconds: -1', 'spec.terminationGracePeriodSeconds: Invalid value: -1'],
      ['nodeSelector: {"a b": c}', 'spec.nodeSelector: Invalid value'],
      ['tolerations: [{value: x}]', 'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists'],
      ['tolerations: [{key: a, operator: Exists, value: x}]', 'spec.tolerations[0].operator: Invalid value'],
      ['tolerations: [{key: a, operator: Is}]', 'spec.tolerations[0].operator: Unsupported value: "Is"'],
      ['tolerations: [{key: a, operator: Exists, tolerationSeconds: 1}]', 'spec.tolerations[0].effect: Invalid value'],
      [
        'ephemeralContainers: [{name: debug, image: hello}]',
        'spec.ephemeralContainers: Forbidden: cannot be set on create',
      ],
      ['hostPID: true, shareProcessNamespace: true', 'spec.shareProcessNamespace: Invalid value: true'],
      [
        'securityContext: {runAsUser: -1}',
        'spec.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647',
      ],
      ['securityContext: {sysctls: [{name: ../x, value: "1"}]}', 'spec.securityContext.sysctls[0].name: Invalid value'],
      ['securityContext: {sysctls: [{value: "1"}]}', 'spec.securityContext.sysctls[0].name: Required value'],
      [
        'securityContext: {sysctls: [{name: a.b, value: "1"}, {name: a.b, value: "2"}]}',
        'spec.securityContext.sysctls[1].name: Duplicate value: "a.b"',
      ],
      [
        'hostNetwork: true, securityContext: {sysctls: [{name: net/core/somaxconn, value: "1"}]}',
        `spec.securityContext.sysctls[0].name: Invalid value: "net/core/somaxconn": may not be specified when 'hostNetwork' is true`,
      ],
      [
        'hostIPC: true, securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: "1"}]}',
        `spec.securityContext.sysctls[0].name: Invalid value: "kernel.shm_rmid_forced": may not be specified when 'hostIPC' is true`,
      ],
      ['os: {name: windows}', 'spec.os.name: Unsupported value: "windows"'],
      ['hostAliases: [{ip: x}]', 'spec.hostAliases[0].ip: Invalid value'],
    ]);
  });

  it('checks containers', () => {
    const context = (text: string): string => `securityContext: {${text}}`;
    refusesEach(container, [
      ['imagePullPolicy: Maybe', 'spec.containers[0].imagePullPolicy: Unsupported value: "Maybe"'],
      ['restartPolicy: Always', 'spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers'],
      [
        'ports: [{containerPort: 0}]',
        'spec.containers[0].ports[0].containerPort: Invalid value: 0: must be between 1 and 65535',
      ],
      ['ports: [{name: http}]', 'spec.containers[0].ports[0].containerPort: Required value'],
      [
        'ports: [{containerPort: 80, protocol: ICMP}]',
        'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP"',
      ],
      [
        'ports: [{containerPort: 80, name: a}, {containerPort: 81, name: a}]',
        'spec.containers[0].ports[1].name: Duplicate value: "a"',
      ],
      [
        'ports: [{containerPort: 80, hostPort: 1}, {containerPort: 81, hostPort: 1}]',
        'spec.containers[0].ports[1].hostPort: Duplicate value',
      ],
      ['ports: [{containerPort: 80, name: a--b}]', 'spec.containers[0].ports[0].name: Invalid value'],
      ['env: [{name: A=B}]', 'spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name'],
      ['env: [{name: "A=B"}]', 'spec.containers[0].env[0].name: Invalid value'],
      ['env: [{value: x}]', 'spec.containers[0].env[0].name: Required value'],
      [
        'env: [{name: A, valueFrom: {}}]',
        'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of',
      ],
      [
        'env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.containers}}}]',
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "spec.containers"',
      ],
      [
        'env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.gpu}}}]',
        'spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value',
      ],
      [
        'env: [{name: A, valueFrom: {secretKeyRef: {name: s}}}]',
        'spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value',
      ],
      [
        'env: [{name: A, valueFrom: {configMapKeyRef: {key: k}}}]',
        'spec.containers[0].env[0].valueFrom.configMapKeyRef.name: Required value',
      ],
      ['envFrom: [{}]', 'spec.containers[0].envFrom[0]: Invalid value'],
      [
        'resources: {requests: {cpu: -1}}',
        'spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      ],
      [
        'resources: {requests: {gpu: 1}}',
        'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type',
      ],
      [
        'resources: {limits: {cpu: 1}, requests: {cpu: 2}}',
        'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
      ],
      [
        'resources: {limits: {memory: 1Mi}}',
        'spec.containers[0].resources.limits[memory]: Invalid value: "1Mi": must be at least 6Mi',
      ],
      [
        'livenessProbe: {periodSeconds: 3}',
        'spec.containers[0].livenessProbe: Required value: must specify a handler type',
      ],
      [
        'livenessProbe: {exec: {command: [a]}, tcpSocket: {port: 1}}',
        'spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
      ],
      ['livenessProbe: {exec: {command: []}}', 'spec.containers[0].livenessProbe.exec.command: Required value'],
      [
        'livenessProbe: {tcpSocket: {port: 70000}}',
        'spec.containers[0].livenessProbe.tcpSocket.port: Invalid value: 70000',
      ],
      [
        'livenessProbe: {httpGet: {port: Web_Port}}',
        'spec.containers[0].livenessProbe.httpGet.port: Invalid value: "Web_Port"',
      ],
      [
        'livenessProbe: {httpGet: {port: 1, scheme: GOPHER}}',
        'spec.containers[0].livenessProbe.httpGet.scheme: Unsupported value: "GOPHER"',
      ],
      [
        'livenessProbe: {tcpSocket: {port: 1}, successThreshold: 2}',
        'spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1',
      ],
      [
        'readinessProbe: {tcpSocket: {port: 1}, timeoutSeconds: -1}',
        'spec.containers[0].readinessProbe.timeoutSeconds: Invalid value: -1',
      ],
      ['lifecycle: {preStop: {}}', 'spec.containers[0].lifecycle.preStop: Required value'],
      [
        context('privileged: true, allowPrivilegeEscalation: false'),
        'spec.containers[0].securityContext: Invalid value',
      ],
      [
        context('capabilities: {add: [CAP_SYS_ADMIN]}, allowPrivilegeEscalation: false'),
        'spec.containers[0].securityContext: Invalid value',
      ],
      [
        context('procMount: Unmasked'),
        'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false',
      ],
      [
        context('appArmorProfile: {type: Localhost}'),
        'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Required value: must be set when AppArmor',
      ],
      [
        context('appArmorProfile: {type: Unconfined, localhostProfile: a}'),
        'spec.containers[0].securityContext.appArmorProfile.localhostProfile: Invalid value: "a": can only be set',
      ],
      [
        context('seccompProfile: {type: Localhost}'),
        'spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value',
      ],
      [
        context('seccompProfile: {type: Localhost, localhostProfile: ../x}'),
        'spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value',
      ],
      [
        context('seccompProfile: {type: Other}'),
        'spec.containers[0].securityContext.seccompProfile.type: Unsupported value',
      ],
      ['terminationMessagePath: x', 'spec.containers[0].terminationMessagePath: Invalid value'],
      ['terminationMessagePath: /a/../../x', 'spec.containers[0].terminationMessagePath: Invalid value'],
    ]);
    refusesEach(
      (text) => pod(`initContainers: [{name: init, image: hello, ${text}}]`),
      [
        [
          'livenessProbe: {tcpSocket: {port: 1}}',
          'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers',
        ],
        [
          'restartPolicy: Never',
          'spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"',
        ],
      ],
    );
  });

  it('checks volumes and mounts', () => {
    refusesEach(
      (text) => pod(`volumes: [${text}]`),
      [
        ['{emptyDir: {}}', 'spec.volumes[0].name: Required value'],
        ['{name: A}', 'spec.volumes[0].name: Invalid value'],
        ['{name: a}, {name: a}', 'spec.volumes[1].name: Duplicate value: "a"'],
        [
          '{name: a, emptyDir: {}, hostPath: {path: /x}}',
          'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
        ],
        ['{name: a, nfs: {path: /x}}', 'spec.volumes[0].nfs.server: Required value'],
        ['{name: a, nfs: {server: s, path: x}}', 'spec.volumes[0].nfs.path: Invalid value: "x"'],
        ['{name: a, persistentVolumeClaim: {}}', 'spec.volumes[0].persistentVolumeClaim.claimName: Required value'],
        [
          '{name: a, hostPath: {path: x}}',
          'spec.volumes[0].hostPath.path: Invalid value: "x": must be an absolute path',
        ],
        [
          '{name: a, hostPath: {path: /x/../y}}',
          `spec.volumes[0].hostPath.path: Invalid value: "/x/../y": must not contain '..'`,
        ],
        ['{name: a, hostPath: {}}', 'spec.volumes[0].hostPath.path: Required value'],
        ['{name: a, hostPath: {path: /x, type: Pipe}}', 'spec.volumes[0].hostPath.type: Unsupported value: "Pipe"'],
        ['{name: a, emptyDir: {medium: Tape}}', 'spec.volumes[0].emptyDir.medium: Unsupported value: "Tape"'],
        ['{name: a, emptyDir: {sizeLimit: -1}}', 'spec.volumes[0].emptyDir.sizeLimit: Forbidden'],
        ['{name: a, secret: {}}', 'spec.volumes[0].secret.secretName: Required value'],
        ['{name: a, configMap: {}}', 'spec.volumes[0].configMap.name: Required value'],
        [
          '{name: a, configMap: {name: c, defaultMode: 512}}',
          'spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777',
        ],
        [
          '{name: a, configMap: {name: c, items: [{key: k, path: ../x}]}}',
          'spec.volumes[0].configMap.items[0].path: Invalid value',
        ],
        [
          '{name: a, secret: {secretName: s, items: [{key: k, path: /x}]}}',
          'spec.volumes[0].secret.items[0].path: Invalid value',
        ],
        ['{name: a, downwardAPI: {items: [{path: x}]}}', 'spec.volumes[0].downwardAPI.items[0]: Invalid value'],
        ['{name: a, projected: {sources: [{}]}}', 'spec.volumes[0].projected.sources[0]: Forbidden'],
        [
          '{name: a, projected: {sources: [{serviceAccountToken: {path: t, expirationSeconds: 599}}]}}',
          'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 599: may not',
        ],
        [
          '{name: a, projected: {sources: [{serviceAccountToken: {path: /t}}]}}',
          'spec.volumes[0].projected.sources[0].serviceAccountToken.path: Invalid value',
        ],
        [
          '{name: a, projected: {sources: [{clusterTrustBundle: {path: t}}]}}',
          'spec.volumes[0].projected.sources[0].clusterTrustBundle: Forbidden: projected source is not supported',
        ],
      ],
    );
    refusesEach(
      (text) => mounted(`volumeMounts: [${text}]`),
      [
        ['{name: other, mountPath: /a}', 'spec.containers[0].volumeMounts[0].name: Not found: "other"'],
        ['{name: data}', 'spec.containers[0].volumeMounts[0].mountPath: Required value'],
        [
          '{name: data, mountPath: a}',
          'spec.containers[0].volumeMounts[0].mountPath: Invalid value: "a": must be an absolute path',
        ],
        ['{name: data, mountPath: /a/../b}', 'spec.containers[0].volumeMounts[0].mountPath: Invalid value'],
        [
          '{name: data, mountPath: /a}, {name: data, mountPath: /a}',
          'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
        ],
        ['{name: data, mountPath: /a, subPath: ../x}', 'spec.containers[0].volumeMounts[0].subPath: Invalid value'],
        ['{name: data, mountPath: /a, subPath: /x}', 'spec.containers[0].volumeMounts[0].subPath: Invalid value'],
        [
          '{name: data, mountPath: /a, subPath: b, subPathExpr: c}',
          'spec.containers[0].volumeMounts[0].subPathExpr: Invalid value',
        ],
        [
          '{name: data, mountPath: /a, recursiveReadOnly: Enabled}',
          'spec.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true',
        ],
        [
          '{name: data, mountPath: /a, mountPropagation: Bidirectional}',
          'spec.containers[0].volumeMounts[0].mountPropagation: Forbidden',
        ],
      ],
    );
  });
});
