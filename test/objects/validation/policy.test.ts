import assert from 'node:assert/strict';
import { problemsOf, updateProblemsOf } from '../read-object.ts';
import { refusesEach } from '../refuses-each.ts';

const object = (apiVersion: string, kind: string, rest: string, name = 'web'): string =>
  `{apiVersion: ${apiVersion}, kind: ${kind}, metadata: {name: "${name}"}, ${rest}}`;
const rbac = (kind: string, rest: string, name?: string): string =>
  object('rbac.authorization.k8s.io/v1', kind, rest, name);
const role = (rule: string): string => rbac('Role', `rules: [{${rule}}]`);
const clusterRole = (rest: string): string => rbac('ClusterRole', rest);
const binding = (rest: string): string => rbac('RoleBinding', `roleRef: {kind: Role, name: r}, ${rest}`);
const reference = (text: string): string => rbac('RoleBinding', `roleRef: {${text}}`);
const everywhere = (rest: string): string => rbac('ClusterRoleBinding', rest);
const scaler = (spec: string): string =>
  object('autoscaling/v2', 'HorizontalPodAutoscaler', `spec: {scaleTargetRef: {kind: Deployment, name: web}, ${spec}}`);
const metric = (text: string): string => scaler(`maxReplicas: 3, metrics: [{${text}}]`);
const behavior = (text: string): string => scaler(`maxReplicas: 3, behavior: {${text}}`);
const budget = (spec: string): string => object('policy/v1', 'PodDisruptionBudget', `spec: {${spec}}`);
const priority = (rest: string, name?: string): string => object('scheduling.k8s.io/v1', 'PriorityClass', rest, name);
const quota = (spec: string): string => object('v1', 'ResourceQuota', `spec: {${spec}}`);
const limits = (item: string): string => object('v1', 'LimitRange', `spec: {limits: [{${item}}]}`);
const runtime = (rest: string): string => object('node.k8s.io/v1', 'RuntimeClass', rest);

describe('validation of policies', () => {
  it('accepts what is right', () => {
    for (const manifest of [
      rbac('Role', 'rules: []', 'system:reader'),
      clusterRole('rules: [{nonResourceURLs: [/healthz], verbs: [get]}]'),
      binding('subjects: [{kind: User, name: "me@example.com"}, {kind: ServiceAccount, name: web}]'),
      everywhere('roleRef: {kind: ClusterRole, name: "system:node"}'),
      scaler('maxReplicas: 3'),
      metric('type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 10}}'),
      behavior('scaleDown: {stabilizationWindowSeconds: 60, policies: [{type: Pods, value: 1, periodSeconds: 60}]}'),
      budget('minAvailable: 50%'),
      budget(''),
      priority('value: -5, globalDefault: true'),
      priority('value: 2000001000', 'system-node-critical'),
      quota('hard: {pods: 10, requests.cpu: 500m, count/jobs.batch: 3, nvidia.com/gpu: 1}, scopes: [BestEffort]'),
      limits('type: Container, min: {cpu: 100m}, max: {cpu: 1}, default: {cpu: 500m}'),
      runtime('handler: crun, overhead: {podFixed: {memory: 10Mi}}'),
    ]) {
      assert.deepEqual(problemsOf(manifest), [], manifest);
    }
  });

  it('checks roles', () => {
    refusesEach(role, [
      ['apiGroups: [""], resources: [pods]', 'rules[0].verbs: Required value: verbs must contain at least one value'],
      [
        'verbs: [get], resources: [pods]',
        'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
      ],
      [
        'verbs: [get], apiGroups: [""]',
        'rules[0].resources: Required value: resource rules must supply at least one resource',
      ],
      [
        'verbs: [get], nonResourceURLs: [/x]',
        'rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
      ],
    ]);
    refusesEach(clusterRole, [
      [
        'rules: [{verbs: [get], nonResourceURLs: [/x], resources: [pods]}]',
        'rules[0].nonResourceURLs: Invalid value: ["/x"]: rules cannot apply to both',
      ],
      ['aggregationRule: {}', 'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector'],
    ]);
    refusesEach(
      (name) => rbac('Role', 'rules: []', name),
      [
        ['a/b', `metadata.name: Invalid value: "a/b": may not contain '/'`],
        ['..', `metadata.name: Invalid value: "..": may not be '..'`],
      ],
    );
  });

  it('checks bindings of roles', () => {
    refusesEach(binding, [
      [
        'subjects: [{kind: Robot, name: r}]',
        'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      ],
      ['subjects: [{kind: User}]', 'subjects[0].name: Required value'],
      ['subjects: [{kind: User, name: u, apiGroup: apps}]', 'subjects[0].apiGroup: Unsupported value: "apps"'],
      ['subjects: [{kind: ServiceAccount, name: A_}]', 'subjects[0].name: Invalid value: "A_"'],
    ]);
    refusesEach(reference, [
      ['kind: Rule, name: r', 'roleRef.kind: Unsupported value: "Rule": supported values: "Role", "ClusterRole"'],
      ['kind: Role', 'roleRef.name: Required value'],
      ['apiGroup: apps, kind: Role, name: r', 'roleRef.apiGroup: Unsupported value: "apps"'],
    ]);
    refusesEach(everywhere, [
      ['roleRef: {kind: Role, name: r}', 'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"'],
      [
        'roleRef: {kind: ClusterRole, name: r}, subjects: [{kind: ServiceAccount, name: s}]',
        'subjects[0].namespace: Required value',
      ],
    ]);
    const [before, after] = [reference('kind: Role, name: r'), reference('kind: Role, name: s')];
    assert.match(updateProblemsOf(before, after).join(), /^roleRef: Invalid value: .*: cannot change roleRef$/);
  });

  it('checks autoscalers', () => {
    const target = (text: string): string => metric(`type: Resource, resource: {name: cpu, target: {${text}}}`);
    const at = 'spec.metrics[0].resource.target';
    refusesEach(scaler, [
      ['', 'spec.maxReplicas: Required value'],
      ['maxReplicas: 1, minReplicas: 0', 'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1'],
      [
        'maxReplicas: 1, minReplicas: 2',
        'spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`',
      ],
    ]);
    refusesEach(metric, [
      ['type: Magic', 'spec.metrics[0].type: Unsupported value: "Magic"'],
      ['type: Pods', 'spec.metrics[0].pods: Required value: must populate information for the given metric source'],
    ]);
    refusesEach(target, [
      ['type: Utilization', `${at}.averageUtilization: Required value: must set either`],
      [
        'type: Utilization, averageUtilization: 0',
        `${at}.averageUtilization: Invalid value: 0: must be greater than 0`,
      ],
      ['type: Utilization, averageUtilization: 1, averageValue: 1', `${at}.averageValue: Forbidden: may not set both`],
      ['type: Some, averageUtilization: 1', `${at}.type: Unsupported value: "Some"`],
      ['type: AverageValue, averageValue: -1', `${at}.averageValue: Invalid value: "-1": must be positive`],
    ]);
    refusesEach(behavior, [
      [
        'scaleUp: {stabilizationWindowSeconds: 3601}',
        'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 3601',
      ],
      ['scaleDown: {selectPolicy: Some}', 'spec.behavior.scaleDown.selectPolicy: Unsupported value: "Some"'],
      [
        'scaleDown: {policies: [{type: Pods, value: 0, periodSeconds: 1}]}',
        'spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero',
      ],
      [
        'scaleDown: {policies: [{type: Pods, value: 1, periodSeconds: 1801}]}',
        'spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800',
      ],
    ]);
  });

  it('checks budgets', () => {
    refusesEach(budget, [
      ['minAvailable: 1, maxUnavailable: 1', 'spec: Invalid value'],
      ['minAvailable: -1', 'spec.minAvailable: Invalid value: -1: must be greater than or equal to 0'],
      ['maxUnavailable: half', 'spec.maxUnavailable: Invalid value: "half": a valid percent string must'],
      ['maxUnavailable: 101%', 'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
      ['selector: {matchLabels: {"a b": c}}', 'spec.selector.matchLabels: Invalid value: "a b"'],
      ['unhealthyPodEvictionPolicy: Never', 'spec.unhealthyPodEvictionPolicy: Unsupported value: "Never"'],
    ]);
  });

  it('checks classes of priorities and runtimes', () => {
    refusesEach(priority, [
      ['value: 1000000001', 'value: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
      ['value: 1, preemptionPolicy: Always', 'preemptionPolicy: Unsupported value: "Always"'],
    ]);
    refusesEach(
      (name) => priority('value: 1', name),
      [['system-mine', "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved"]],
    );
    assert.deepEqual(updateProblemsOf(priority('value: 1'), priority('value: 2')), [
      'value: Forbidden: may not be changed in an update.',
    ]);
    refusesEach(runtime, [
      ['', 'handler: Required value'],
      ['handler: a_b', 'handler: Invalid value: "a_b"'],
      ['handler: a, overhead: {podFixed: {memory: -1}}', 'overhead.podFixed[memory]: Invalid value: "-1"'],
    ]);
    assert.deepEqual(updateProblemsOf(runtime('handler: a'), runtime('handler: b')), [
      'handler: Invalid value: "b": field is immutable',
    ]);
  });

  it('checks quotas and limits', () => {
    refusesEach(quota, [
      ['hard: {cores: 1}', 'spec.hard[cores]: Invalid value: "cores": must be a standard resource for quota'],
      ['hard: {pods: 500m}', 'spec.hard[pods]: Invalid value: "500m": must be an integer'],
      ['hard: {cpu: -1}', 'spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0'],
      [
        'scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: In}]}',
        'spec.scopeSelector.matchExpressions[0].values: Required value',
      ],
      [
        'scopeSelector: {matchExpressions: [{scopeName: Some, operator: Exists}]}',
        'spec.scopeSelector.matchExpressions[0].scopeName: Invalid value: "Some": unsupported scope',
      ],
      ['scopes: [Some]', 'spec.scopes: Invalid value: ["Some"]: unsupported scope'],
      [
        'scopes: [BestEffort, NotBestEffort]',
        'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
      ],
    ]);
    assert.match(
      updateProblemsOf(quota('scopes: [BestEffort]'), quota('')).join(),
      /^spec.scopes: Invalid value: null: field is immutable$/,
    );
    const at = 'spec.limits[0]';
    refusesEach(limits, [
      ['max: {cpu: 1}', `${at}.type: Required value`],
      [
        'type: Pod, min: {cpu: 2}, max: {cpu: 1}',
        `${at}.min[cpu]: Invalid value: "2": min value 2 is greater than max value 1`,
      ],
      ['type: Pod, default: {cpu: 1}', `${at}.default: Forbidden: may not be specified when \`type\` is 'Pod'`],
      ['type: PersistentVolumeClaim', `${at}.limits: Required value: either minimum or maximum storage value`],
      [
        'type: Container, default: {cpu: 1}, defaultRequest: {cpu: 2}',
        `${at}.defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1`,
      ],
      [
        'type: Pod, maxLimitRequestRatio: {cpu: 500m}',
        `${at}.maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1`,
      ],
    ]);
    const doubled = object('v1', 'LimitRange', 'spec: {limits: [{type: Pod}, {type: Pod}]}');
    assert.deepEqual(problemsOf(doubled), ['spec.limits[1].type: Duplicate value: "Pod"']);
  });
});
