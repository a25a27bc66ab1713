import { deploymentManifest, podManifest } from '../manifests.ts';
import { deployments, pods, type Row } from './row.ts';

const podWith = (spec: object): object => ({
  ...podManifest('x'),
  spec: { containers: [{ name: 'main', image: 'hello:1' }], ...spec },
});
const containerWith = (fields: object): object =>
  podWith({ containers: [{ name: 'main', image: 'hello:1', ...fields }] });
const deploymentWith = (spec: object): object => {
  const manifest = deploymentManifest('x') as { spec: object };
  return { ...manifest, spec: { ...manifest.spec, ...spec } };
};

const pod = (name: string, body: object): Row => [`pod: ${name}`, 'POST', pods, { body }];
const deployment = (name: string, body: object): Row => [`deployment: ${name}`, 'POST', deployments, { body }];

/** Manifests that say what cannot be. */
export const refusedManifests: Row[] = [
  pod('no spec', { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' } }),
  pod('spec that is a list', { ...podManifest('x'), spec: [] }),
  pod('container without a name', podWith({ containers: [{ image: 'a' }] })),
  pod('container without an image', podWith({ containers: [{ name: 'a' }] })),
  pod('container name in capitals', podWith({ containers: [{ name: 'A', image: 'a' }] })),
  pod('container name too long', podWith({ containers: [{ name: 'a'.repeat(64), image: 'a' }] })),
  pod('image with spaces around', containerWith({ image: ' hello:1 ' })),
  pod('two containers of one name', podWith({ containers: [1, 2].map(() => ({ name: 'a', image: 'a' })) })),
  pod('init container of the same name', podWith({ initContainers: [{ name: 'main', image: 'a' }] })),
  pod(
    '10,000 containers of one name',
    podWith({ containers: Array.from({ length: 10_000 }, () => ({ name: 'a', image: 'a' })) }),
  ),
  pod('port 0', containerWith({ ports: [{ containerPort: 0 }] })),
  pod('port 65536', containerWith({ ports: [{ containerPort: 65_536 }] })),
  pod('port as text', containerWith({ ports: [{ containerPort: '80' }] })),
  pod('port -1', containerWith({ ports: [{ containerPort: -1 }] })),
  pod('port with a long name', containerWith({ ports: [{ containerPort: 80, name: 'a-name-that-is-too-long' }] })),
  pod('port of an unknown protocol', containerWith({ ports: [{ containerPort: 80, protocol: 'HTTP' }] })),
  pod(
    'two ports of one name',
    containerWith({ ports: [80, 81].map((containerPort) => ({ containerPort, name: 'a' })) }),
  ),
  pod(
    'host port taken twice',
    containerWith({ ports: [80, 81].map((containerPort) => ({ containerPort, hostPort: 9 })) }),
  ),
  pod('host address that is none', containerWith({ ports: [{ containerPort: 80, hostPort: 80, hostIP: 'here' }] })),
  pod('env without a name', containerWith({ env: [{ value: 'a' }] })),
  pod('env with an equals sign in its name', containerWith({ env: [{ name: 'a=b', value: 'c' }] })),
  pod('env with NUL', containerWith({ env: [{ name: 'a', value: 'b\0' }] })),
  pod(
    'env with value and source',
    containerWith({ env: [{ name: 'a', value: 'b', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }] }),
  ),
  pod(
    'env with two sources',
    containerWith({
      env: [
        {
          name: 'a',
          valueFrom: { fieldRef: { fieldPath: 'metadata.name' }, configMapKeyRef: { name: 'a', key: 'b' } },
        },
      ],
    }),
  ),
  pod(
    'env from an unknown field',
    containerWith({ env: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'metadata.secrets' } } }] }),
  ),
  pod(
    'env from a key that is a path',
    containerWith({ env: [{ name: 'a', valueFrom: { configMapKeyRef: { name: 'a', key: '../b' } } }] }),
  ),
  pod('envFrom nothing', containerWith({ envFrom: [{}] })),
  pod(
    'volume that is nothing and two things',
    podWith({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] }),
  ),
  pod('two volumes of one name', podWith({ volumes: [1, 2].map(() => ({ name: 'v', emptyDir: {} })) })),
  pod('volume without a name', podWith({ volumes: [{ emptyDir: {} }] })),
  pod('host path that is relative', podWith({ volumes: [{ name: 'v', hostPath: { path: 'a/b' } }] })),
  pod('host path with two dots', podWith({ volumes: [{ name: 'v', hostPath: { path: '/a/../../b' } }] })),
  pod(
    'config volume with a path upwards',
    podWith({ volumes: [{ name: 'v', configMap: { name: 'm', items: [{ key: 'a', path: '../b' }] } }] }),
  ),
  pod(
    'config volume with an absolute path',
    podWith({ volumes: [{ name: 'v', configMap: { name: 'm', items: [{ key: 'a', path: '/b' }] } }] }),
  ),
  pod(
    'config volume with mode 01000',
    podWith({ volumes: [{ name: 'v', configMap: { name: 'm', defaultMode: 512 } }] }),
  ),
  pod('mount of no volume', containerWith({ volumeMounts: [{ name: 'absent', mountPath: '/a' }] })),
  pod('mount with a path upwards', {
    ...podWith({
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ name: 'a', image: 'b', volumeMounts: [{ name: 'v', mountPath: '/a', subPath: '../b' }] }],
    }),
  }),
  pod(
    'two mounts at one place',
    podWith({
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ name: 'a', image: 'b', volumeMounts: [1, 2].map(() => ({ name: 'v', mountPath: '/a' })) }],
    }),
  ),
  pod('memory that is no quantity', containerWith({ resources: { limits: { memory: '1 GB' } } })),
  pod('memory that is negative', containerWith({ resources: { limits: { memory: '-1Gi' } } })),
  pod('request above limit', containerWith({ resources: { limits: { cpu: '1' }, requests: { cpu: '2' } } })),
  pod('an unknown resource', containerWith({ resources: { limits: { love: '1' } } })),
  pod('probe with two actions', containerWith({ livenessProbe: { exec: { command: ['a'] }, tcpSocket: { port: 1 } } })),
  pod('probe with no action', containerWith({ livenessProbe: { periodSeconds: 1 } })),
  pod(
    'probe with a negative period',
    containerWith({ livenessProbe: { exec: { command: ['a'] }, periodSeconds: -1 } }),
  ),
  pod('probe at port 0', containerWith({ readinessProbe: { httpGet: { port: 0 } } })),
  pod('probe at a port name that is none', containerWith({ readinessProbe: { httpGet: { port: 'a b' } } })),
  pod('probe of an unknown scheme', containerWith({ readinessProbe: { httpGet: { port: 1, scheme: 'FTP' } } })),
  pod(
    'probe with a header that is split',
    containerWith({ readinessProbe: { httpGet: { port: 1, httpHeaders: [{ name: 'a\r\nb', value: 'c' }] } } }),
  ),
  pod(
    'liveness that needs two successes',
    containerWith({ livenessProbe: { tcpSocket: { port: 1 }, successThreshold: 2 } }),
  ),
  pod('restart policy in lower case', podWith({ restartPolicy: 'always' })),
  pod('an unknown DNS policy', podWith({ dnsPolicy: 'None-ish' })),
  pod('own DNS without servers', podWith({ dnsPolicy: 'None' })),
  pod('negative grace', podWith({ terminationGracePeriodSeconds: -1 })),
  pod('grace that is a fraction', podWith({ terminationGracePeriodSeconds: 1.5 })),
  pod('deadline of 0', podWith({ activeDeadlineSeconds: 0 })),
  pod('host name with a dot', podWith({ hostname: 'a.b' })),
  pod('host alias that is no address', podWith({ hostAliases: [{ ip: 'localhost', hostnames: ['a'] }] })),
  pod('node selector of a wrong type', podWith({ nodeSelector: ['a'] })),
  pod(
    'toleration with a value beside Exists',
    podWith({ tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] }),
  ),
  pod('toleration of an unknown effect', podWith({ tolerations: [{ key: 'a', operator: 'Exists', effect: 'Never' }] })),
  pod(
    'affinity without terms',
    podWith({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } } }),
  ),
  pod(
    'affinity with an unknown operator',
    podWith({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Like', values: ['b'] }] }],
          },
        },
      },
    }),
  ),
  pod('user -1', podWith({ securityContext: { runAsUser: -1 } })),
  pod('user above 31 bits', podWith({ securityContext: { runAsUser: 2 ** 31 } })),
  pod('sysctl that is none', podWith({ securityContext: { sysctls: [{ name: '../../etc', value: '1' }] } })),
  pod(
    'privileged without escalation',
    containerWith({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
  ),
  pod(
    'preStop with two actions',
    containerWith({ lifecycle: { preStop: { exec: { command: ['a'] }, sleep: { seconds: 1 } } } }),
  ),
  pod(
    'termination message at a relative path',
    containerWith({ terminationMessagePath: 'a', terminationMessagePolicy: 'Sometimes' }),
  ),
  deployment('no selector', deploymentWith({ selector: null })),
  deployment('empty selector', deploymentWith({ selector: {} })),
  deployment('selector that does not match', deploymentWith({ selector: { matchLabels: { app: 'other' } } })),
  deployment(
    'selector with an unknown operator',
    deploymentWith({ selector: { matchExpressions: [{ key: 'app', operator: 'Like' }] } }),
  ),
  deployment(
    'selector In without values',
    deploymentWith({ selector: { matchExpressions: [{ key: 'app', operator: 'In' }] } }),
  ),
  deployment('no template', deploymentWith({ template: null })),
  deployment(
    'template that ends',
    deploymentWith({
      template: {
        metadata: { labels: { app: 'x' } },
        spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] },
      },
    }),
  ),
  deployment('an unknown strategy', deploymentWith({ strategy: { type: 'Blue' } })),
  deployment(
    'Recreate with parameters',
    deploymentWith({ strategy: { type: 'Recreate', rollingUpdate: { maxSurge: 1 } } }),
  ),
  deployment(
    'no surge and nothing unavailable',
    deploymentWith({ strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } }),
  ),
  deployment('surge that is no percentage', deploymentWith({ strategy: { rollingUpdate: { maxSurge: '10' } } })),
  deployment('more than all unavailable', deploymentWith({ strategy: { rollingUpdate: { maxUnavailable: '101%' } } })),
  deployment('negative surge', deploymentWith({ strategy: { rollingUpdate: { maxSurge: -1 } } })),
  deployment('negative history', deploymentWith({ revisionHistoryLimit: -1 })),
  deployment('deadline below minReadySeconds', deploymentWith({ progressDeadlineSeconds: 5, minReadySeconds: 10 })),
];
