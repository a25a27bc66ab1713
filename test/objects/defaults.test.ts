import assert from 'node:assert/strict';
import { applyDefaults } from '../../shared/objects/defaults.ts';
import type { Deployment, Namespace, Pod, Secret } from '../../shared/objects/types.ts';
import { readManifest } from './read-object.ts';

const pod = `
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
  - name: main
    image: hello
    ports: [{containerPort: 80}]
    readinessProbe: {httpGet: {port: 80}}
    env: [{name: IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
    resources: {limits: {cpu: 1, memory: 64Mi}, requests: {cpu: 500m}}
  volumes: [{name: a}, {name: b, secret: {secretName: s}}, {name: c, hostPath: {path: /x}}]
`;

describe('defaults', () => {
  it('fills in a pod', () => {
    const { spec, status } = readManifest(pod).object as Pod;
    assert.deepEqual(spec, {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      securityContext: {},
      schedulerName: 'default-scheduler',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
      priority: 0,
      tolerations: ['not-ready', 'unreachable'].map((taint) => ({
        key: `node.kubernetes.io/${taint}`,
        operator: 'Exists',
        effect: 'NoExecute',
        tolerationSeconds: 300,
      })),
      containers: [
        {
          name: 'main',
          image: 'hello',
          imagePullPolicy: 'Always',
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          readinessProbe: {
            httpGet: { path: '/', port: 80, scheme: 'HTTP' },
            timeoutSeconds: 1,
            periodSeconds: 10,
            successThreshold: 1,
            failureThreshold: 3,
          },
          env: [{ name: 'IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } }],
          resources: { limits: { cpu: '1', memory: '64Mi' }, requests: { cpu: '500m', memory: '64Mi' } },
        },
      ],
      volumes: [
        { name: 'a', emptyDir: {} },
        { name: 'b', secret: { secretName: 's', defaultMode: 420 } },
        { name: 'c', hostPath: { path: '/x', type: '' } },
      ],
    });
    assert.deepEqual(status, { phase: 'Pending', qosClass: 'Burstable' });
  });

  it('pulls images that may change, and keeps the others', () => {
    const policyOf = (image: string): string | undefined =>
      (readManifest(pod.replace('image: hello', `image: ${image}`)).object as Pod).spec?.containers[0]?.imagePullPolicy;
    const digest = `sha256:${'a'.repeat(64)}`;
    for (const image of ['a', 'a:latest', 'host:5000/a', 'host:5000/a/b:latest'])
      assert.equal(policyOf(image), 'Always', image);
    for (const image of ['a:1', 'host:5000/a:1', `a@${digest}`, `host:5000/a@${digest}`]) {
      assert.equal(policyOf(image), 'IfNotPresent', image);
    }
  });

  it('leaves what only pods get out of a template', () => {
    const manifest = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: 'hello:1', resources: {limits: {cpu: 1}}}]}
`;
    const { spec } = readManifest(manifest).object as Deployment;
    assert.equal(spec?.replicas, 1);
    assert.equal(spec?.revisionHistoryLimit, 10);
    assert.equal(spec?.progressDeadlineSeconds, 600);
    assert.deepEqual(spec?.strategy, {
      type: 'RollingUpdate',
      rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' },
    });
    const template = spec?.template.spec;
    assert.equal(template?.restartPolicy, 'Always');
    assert.equal(template?.containers[0]?.imagePullPolicy, 'IfNotPresent');
    assert.deepEqual(template?.containers[0]?.resources, { limits: { cpu: '1' } });
    assert.ok(
      !('tolerations' in template) && !('serviceAccountName' in template) && !('enableServiceLinks' in template),
    );
  });

  it('folds stringData into data', () => {
    const manifest =
      'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: eA==, b: eA==}\nstringData: {b: "y"}';
    const secret = readManifest(manifest).object as Secret;
    assert.equal(secret.type, 'Opaque');
    assert.deepEqual(secret.data, { a: 'eA==', b: 'eQ==' });
    assert.ok(!('stringData' in secret));
  });

  it('labels a namespace with its name and holds it until its objects are gone', () => {
    const { info, object } = readManifest('apiVersion: v1\nkind: Namespace\nmetadata: {name: team}');
    const namespace = object as Namespace;
    assert.deepEqual(namespace.metadata?.labels, { 'kubernetes.io/metadata.name': 'team' });
    assert.deepEqual([namespace.spec, namespace.status], [{ finalizers: ['kubernetes'] }, { phase: 'Active' }]);
    const finalized = { ...object, metadata: { ...object.metadata, uid: 'u' }, spec: {} };
    assert.deepEqual(applyDefaults(info, finalized).spec, {});
  });

  it('changes nothing the second time, and never its input', () => {
    for (const manifest of [pod, 'apiVersion: v1\nkind: Namespace\nmetadata: {name: team}']) {
      const { info, object } = readManifest(manifest);
      const before = structuredClone(object);
      assert.deepEqual(applyDefaults(info, object), before);
      assert.deepEqual(object, before);
    }
  });
});
