import assert from 'node:assert/strict';
import { problemsOf, updateProblemsOf } from '../read-object.ts';
import { refusesEach } from '../refuses-each.ts';

const template = (pod = '', labels = 'app: web'): string =>
  `template: {metadata: {labels: {${labels}}}, spec: {containers: [{name: main, image: "hello:1"}], ${pod}}}`;
const controller = (spec: string): string =>
  `{apiVersion: v1, kind: ReplicationController, metadata: {name: web}, spec: {${spec}}}`;
const apps = (kind: string, spec: string): string =>
  `{apiVersion: apps/v1, kind: ${kind}, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, ${template()}, ${spec}}}`;
const statefulSet = (spec: string): string => apps('StatefulSet', spec);
/** Its container mounts a volume, and there is a claim template `data`. */
const mountsClaim = (volume: string): string =>
  `{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, volumeClaimTemplates: [{metadata: {name: data}, spec: {}}], template: {metadata: {labels: {app: web}}, spec: {containers: [{name: main, image: "hello:1", volumeMounts: [{name: ${volume}, mountPath: /data}]}]}}}}`;
const daemonSet = (spec: string): string => apps('DaemonSet', spec);
const revision = (rest: string): string =>
  `{apiVersion: apps/v1, kind: ControllerRevision, metadata: {name: web-1}, ${rest}}`;
const pod = (spec: string): string =>
  `{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: [{name: main, image: "hello:1"}], ${spec}}}`;

describe('validation of workloads', () => {
  it('accepts what is right', () => {
    for (const manifest of [
      controller(template()),
      statefulSet('ordinals: {start: 3}, updateStrategy: {type: OnDelete}'),
      mountsClaim('data'),
      daemonSet('updateStrategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 25%}}'),
      revision('data: {a: 1}, revision: 3'),
    ]) {
      assert.deepEqual(problemsOf(manifest), [], manifest);
    }
  });

  it('checks ReplicationControllers', () => {
    refusesEach(controller, [
      ['selector: {app: web}', 'spec.template: Required value'],
      [template('', ''), 'spec.selector: Required value'],
      [
        `${template()}, selector: {app: db}`,
        'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
      ],
      [`${template()}, replicas: -1`, 'spec.replicas: Invalid value: -1'],
      [
        template('restartPolicy: Never'),
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      ],
    ]);
  });

  it('checks StatefulSets, and what may change in them', () => {
    refusesEach(statefulSet, [
      ['podManagementPolicy: Some', 'spec.podManagementPolicy: Unsupported value: "Some"'],
      ['updateStrategy: {type: Some}', 'spec.updateStrategy.type: Unsupported value: "Some"'],
      [
        'updateStrategy: {type: OnDelete, rollingUpdate: {partition: 1}}',
        'spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy \'RollingUpdate\'',
      ],
      [
        'updateStrategy: {rollingUpdate: {partition: -1}}',
        'spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0',
      ],
      ['ordinals: {start: -1}', 'spec.ordinals.start: Invalid value: -1'],
      [
        'persistentVolumeClaimRetentionPolicy: {whenScaled: Keep}',
        'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "Keep": supported values: "Retain", "Delete"',
      ],
    ]);
    assert.deepEqual(problemsOf(mountsClaim('other')), [
      'spec.template.spec.containers[0].volumeMounts[0].name: Not found: "other"',
    ]);
    const claims = (size: string): string =>
      `volumeClaimTemplates: [{metadata: {name: data}, spec: {resources: {requests: {storage: ${size}}}}}]`;
    const fixed = [
      "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    ];
    const before = statefulSet(claims('1Gi'));
    assert.deepEqual(updateProblemsOf(before, statefulSet(claims('2Gi'))), fixed);
    assert.deepEqual(updateProblemsOf(before, statefulSet(`${claims('1Gi')}, serviceName: db`)), fixed);
    assert.deepEqual(updateProblemsOf(before, statefulSet(`${claims('1024Mi')}, replicas: 3, minReadySeconds: 1`)), []);
  });

  it('checks DaemonSets', () => {
    const path = 'spec.updateStrategy.rollingUpdate';
    const rolling = (text: string): string => daemonSet(`updateStrategy: {rollingUpdate: {${text}}}`);
    refusesEach(rolling, [
      ['maxUnavailable: 0', `${path}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0`],
      ['maxSurge: 1', `${path}.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero`],
      ['maxUnavailable: some', `${path}.maxUnavailable: Invalid value: "some"`],
    ]);
    const other = daemonSet('').replace('matchLabels: {app: web}', 'matchExpressions: [{key: app, operator: Exists}]');
    assert.match(
      updateProblemsOf(daemonSet(''), other).join(),
      /^spec.selector: Invalid value: .*: field is immutable$/,
    );
  });

  it('checks ControllerRevisions', () => {
    refusesEach(revision, [
      ['revision: 1', 'data: Required value: data is mandatory'],
      ['data: {}, revision: -1', 'revision: Invalid value: -1'],
    ]);
    assert.deepEqual(updateProblemsOf(revision('data: {a: 1}, revision: 1'), revision('data: {a: 2}, revision: 1')), [
      'data: Invalid value: {"a":2}: field is immutable',
    ]);
  });

  it('checks where pods want to be', () => {
    const required = 'requiredDuringSchedulingIgnoredDuringExecution';
    const preferred = 'preferredDuringSchedulingIgnoredDuringExecution';
    const at = `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms`;
    const term = (text: string): string =>
      pod(`affinity: {nodeAffinity: {${required}: {nodeSelectorTerms: [{matchExpressions: [{${text}}]}]}}}`);
    refusesEach(term, [
      ['key: a, operator: In', `${at}[0].matchExpressions[0].values: Required value: must be specified when`],
      ['key: a, operator: Exists, values: [b]', `${at}[0].matchExpressions[0].values: Forbidden: may not be specified`],
      [
        'key: a, operator: Gt, values: []',
        `${at}[0].matchExpressions[0].values: Required value: must be specified single value`,
      ],
    ]);
    refusesEach(pod, [
      [
        `affinity: {nodeAffinity: {${required}: {nodeSelectorTerms: []}}}`,
        `${at}: Required value: must have at least one`,
      ],
      [
        `affinity: {nodeAffinity: {${preferred}: [{weight: 0, preference: {}}]}}`,
        `spec.affinity.nodeAffinity.${preferred}[0].weight: Invalid value: 0: must be in the range 1-100`,
      ],
      [
        'topologySpreadConstraints: [{maxSkew: 0, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]',
        'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
      ],
    ]);
  });
});
