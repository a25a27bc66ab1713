import assert from 'node:assert/strict';
import { problemsOf, updateProblemsOf } from './read-object.ts';

interface WorkloadOptions {
  spec?: string;
  selector?: string;
  labels?: string;
  pod?: string;
  kind?: string;
}

function workload({
  spec = '',
  selector = '{matchLabels: {app: web}}',
  labels = '{app: web}',
  pod = '',
  kind = 'Deployment',
}: WorkloadOptions): string {
  return `
apiVersion: apps/v1
kind: ${kind}
metadata: {name: web}
spec:
  selector: ${selector}
  template:
    metadata: {labels: ${labels}}
    spec: {containers: [{name: main, image: hello}], ${pod}}
  ${spec}
`;
}

const secret = (text: string): string => `apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n${text}`;
const configMap = (text: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n${text}`;
const pod = (text: string, image = 'hello:1'): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: main, image: "${image}"}], ${text}}`;

/** Asserts one problem that begins with the text. */
function hasProblem(problems: readonly string[], expected: string): void {
  assert.equal(problems.length, 1, `${expected}: ${problems.join('; ')}`);
  assert.ok(problems[0]?.startsWith(expected), problems[0]);
}

describe('validation of kinds', () => {
  it('checks workloads', () => {
    assert.deepEqual(problemsOf(workload({})), []);
    assert.deepEqual(problemsOf(workload({ kind: 'ReplicaSet', spec: 'replicas: 0' })), []);
    const strategy = (text: string): WorkloadOptions => ({ spec: `strategy: ${text}` });
    const cases: [WorkloadOptions, string][] = [
      [{ spec: 'replicas: -1' }, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
      [{ selector: '{}' }, 'spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
      [
        { labels: '{app: db}' },
        'spec.template.metadata.labels: Invalid value: {"app":"db"}: `selector` does not match template `labels`',
      ],
      [
        { selector: '{matchExpressions: [{key: app, operator: In}]}' },
        'spec.selector.matchExpressions[0].values: Required value',
      ],
      [
        { selector: '{matchExpressions: [{key: app, operator: Is}]}' },
        'spec.selector.matchExpressions[0].operator: Unsupported value',
      ],
      [
        { pod: 'restartPolicy: Never' },
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      ],
      [{ pod: 'activeDeadlineSeconds: 5' }, 'spec.template.spec.activeDeadlineSeconds: Forbidden'],
      [
        { spec: 'progressDeadlineSeconds: 5\n  minReadySeconds: 5' },
        'spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds',
      ],
      [
        strategy('{type: Blue}'),
        'spec.strategy.type: Unsupported value: "Blue": supported values: "Recreate", "RollingUpdate"',
      ],
      [strategy('{type: Recreate, rollingUpdate: {maxSurge: 1}}'), 'spec.strategy.rollingUpdate: Forbidden'],
      [
        strategy('{rollingUpdate: {maxSurge: 0, maxUnavailable: 0}}'),
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
      ],
      [strategy('{rollingUpdate: {maxSurge: half}}'), 'spec.strategy.rollingUpdate.maxSurge: Invalid value: "half"'],
      [
        strategy('{rollingUpdate: {maxUnavailable: 101%}}'),
        'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
      ],
    ];
    for (const [options, expected] of cases) hasProblem(problemsOf(workload(options)), expected);
    const bare = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {}';
    assert.deepEqual(problemsOf(bare), ['spec.selector: Required value', 'spec.template: Required value']);
  });

  it('keeps the selector of a workload', () => {
    const before = workload({});
    const after = workload({ selector: '{matchLabels: {app: db}}', labels: '{app: db}' });
    hasProblem(
      updateProblemsOf(before, after),
      'spec.selector: Invalid value: {"matchLabels":{"app":"db"}}: field is immutable',
    );
    assert.deepEqual(updateProblemsOf(before, workload({ spec: 'replicas: 5', pod: 'hostname: x' })), []);
  });

  it('settles a pod when it is made', () => {
    const before = pod('activeDeadlineSeconds: 10');
    assert.deepEqual(updateProblemsOf(before, pod('activeDeadlineSeconds: 5', 'hello:2')), []);
    assert.deepEqual(updateProblemsOf(pod(''), pod('tolerations: [{key: a, operator: Exists}]')), []);
    hasProblem(
      updateProblemsOf(before, pod('activeDeadlineSeconds: 11')),
      'spec.activeDeadlineSeconds: Invalid value: 11',
    );
    hasProblem(
      updateProblemsOf(pod(''), pod('hostname: x')),
      'spec: Forbidden: pod updates may not change fields other than',
    );
    hasProblem(updateProblemsOf(pod(''), pod('initContainers: [{name: i, image: x}]')), 'spec: Forbidden');
    hasProblem(
      updateProblemsOf(pod('tolerations: [{key: a, operator: Exists}]'), pod('')),
      'spec.tolerations: Forbidden',
    );
    const two = pod('').replace(']', ', {name: more, image: hello}]');
    hasProblem(
      updateProblemsOf(pod(''), two),
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    );
  });

  it('checks ConfigMaps and Secrets', () => {
    assert.deepEqual(problemsOf(secret('type: helm.sh/release.v1\ndata: {release: eA==}')), []);
    hasProblem(problemsOf(configMap('data: {"a/b": x}')), 'data[a/b]: Invalid value: "a/b": a valid config key must');
    hasProblem(problemsOf(configMap('data: {"..": x}')), 'data[..]: Invalid value');
    hasProblem(problemsOf(configMap('data: {"": x}')), 'data[]: Invalid value');
    hasProblem(
      problemsOf(configMap('data: {a: x}\nbinaryData: {a: eA==}')),
      'data[a]: Invalid value: "a": duplicate of key',
    );
    hasProblem(
      problemsOf(configMap(`data: {a: ${'x'.repeat(2 ** 20 + 1)}}`)),
      'data: Too long: may not be more than 1048576 bytes',
    );
    hasProblem(problemsOf(secret('type: kubernetes.io/tls\ndata: {tls.crt: eA==}')), 'data[tls.key]: Required value');
    const leaked = problemsOf(secret('type: kubernetes.io/dockerconfigjson\ndata: {.dockerconfigjson: c2VjcmV0}'));
    hasProblem(leaked, 'data[.dockerconfigjson]: Invalid value');
    assert.ok(!leaked.join('').includes('secret"') && !leaked.join('').includes('c2Vj'));
    hasProblem(
      problemsOf(secret('type: kubernetes.io/service-account-token')),
      'metadata.annotations[kubernetes.io/service-account.name]: Required value',
    );
  });

  it('keeps what is immutable', () => {
    hasProblem(updateProblemsOf(secret('type: a'), secret('type: b')), 'type: Invalid value: "b": field is immutable');
    const fixed = configMap('immutable: true\ndata: {a: x}');
    hasProblem(
      updateProblemsOf(fixed, configMap('immutable: true\ndata: {a: z}')),
      'data: Forbidden: field is immutable when `immutable` is set',
    );
    hasProblem(updateProblemsOf(fixed, configMap('data: {a: x}')), 'immutable: Forbidden');
    assert.deepEqual(updateProblemsOf(configMap('data: {a: x}'), fixed), []);
  });

  it('checks nodes, leases and events', () => {
    const node = (taints: string): string =>
      `apiVersion: v1\nkind: Node\nmetadata: {name: node-1}\nspec: {taints: [${taints}]}`;
    assert.deepEqual(problemsOf(node('{key: a, effect: NoExecute}, {key: a, effect: NoSchedule}')), []);
    hasProblem(problemsOf(node('{key: a}')), 'spec.taints[0].effect: Required value');
    hasProblem(problemsOf(node('{key: a, effect: Never}')), 'spec.taints[0].effect: Unsupported value: "Never"');
    hasProblem(
      problemsOf(node('{key: a, effect: NoExecute}, {key: a, effect: NoExecute}')),
      'spec.taints[1]: Duplicate value',
    );
    const placed = (spec: string): string => node('').replace('taints: []', spec);
    hasProblem(
      updateProblemsOf(placed('podCIDRs: [10.0.1.0/24]'), placed('podCIDRs: [10.0.2.0/24]')),
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    );
    hasProblem(updateProblemsOf(placed('providerID: a'), placed('providerID: b')), 'spec.providerID: Forbidden');
    assert.deepEqual(updateProblemsOf(node(''), placed('podCIDRs: [10.0.2.0/24], providerID: a')), []);
    hasProblem(problemsOf(placed('podCIDRs: [10.0.2.0]')), 'spec.podCIDRs[0]: Invalid value: "10.0.2.0"');
    const lease =
      'apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: node-1}\nspec: {leaseDurationSeconds: 0}';
    hasProblem(problemsOf(lease), 'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0');
    const released = lease.replace('leaseDurationSeconds: 0', 'holderIdentity: "", leaseDurationSeconds: 1');
    assert.deepEqual(problemsOf(released), []);
    const event = 'apiVersion: v1\nkind: Event\nmetadata: {name: e}\ninvolvedObject: {namespace: other}';
    hasProblem(problemsOf(event), 'involvedObject.namespace: Invalid value: "other": does not match event.namespace');
  });

  it('adds no finalizer to what is being deleted', () => {
    const before = configMap('').replace(
      '{name: c}',
      '{name: c, deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [a/b]}',
    );
    hasProblem(updateProblemsOf(before, before.replace('[a/b]', '[a/b, c/d]')), 'metadata.finalizers: Forbidden');
    assert.deepEqual(updateProblemsOf(before, before.replace('[a/b]', '[]')), []);
  });
});
