import assert from 'node:assert/strict';
import { ApiHarness, type Json } from '../api/harness.ts';
import { deploymentManifest, podManifest } from '../api/manifests.ts';

const core = '/api/v1/namespaces/default';
const apps = '/apis/apps/v1/namespaces/default';
const batch = '/apis/batch/v1/namespaces/default';

function of(kind: string, spec: object, apiVersion = 'apps/v1'): object {
  return { apiVersion, kind, metadata: { name: 'd' }, spec };
}

function pod(container: object, spec: object = {}): object {
  const containers = [{ name: 'c', image: 'i:1', ...container }];
  return { ...podManifest('d'), metadata: { name: 'd' }, spec: { containers, ...spec } };
}

const { selector, template } = (deploymentManifest('d') as Json).spec;
const once = { ...template, metadata: {}, spec: { ...template.spec, restartPolicy: 'Never' } };
const probe = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };

/** Whether `object` says all that `part` says. */
function includes(object: Json, part: Json, path = ''): void {
  if (typeof part !== 'object' || part === null) assert.equal(object, part, path);
  else for (const [key, value] of Object.entries(part)) includes(object?.[key], value, `${path}.${key}`);
}

/** What is made, where, and what clients count on finding there. */
const rows: [string, string, object, Json][] = [
  [
    'Deployment',
    `${apps}/deployments`,
    of('Deployment', { selector, template }),
    {
      spec: {
        replicas: 1,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
        revisionHistoryLimit: 10,
        progressDeadlineSeconds: 600,
        template: { spec: { restartPolicy: 'Always', dnsPolicy: 'ClusterFirst', terminationGracePeriodSeconds: 30 } },
      },
    },
  ],
  [
    'StatefulSet, or rollout status refuses it',
    `${apps}/statefulsets`,
    of('StatefulSet', { selector, template, serviceName: 'd' }),
    { spec: { replicas: 1, updateStrategy: { type: 'RollingUpdate' }, podManagementPolicy: 'OrderedReady' } },
  ],
  [
    'DaemonSet, or rollout status refuses it',
    `${apps}/daemonsets`,
    of('DaemonSet', { selector, template }),
    { spec: { updateStrategy: { type: 'RollingUpdate' }, revisionHistoryLimit: 10 } },
  ],
  [
    'Service',
    `${core}/services`,
    of('Service', { selector: { app: 'd' }, ports: [{ port: 80 }] }, 'v1'),
    { spec: { type: 'ClusterIP', sessionAffinity: 'None', ports: [{ protocol: 'TCP', targetPort: 80 }] } },
  ],
  [
    'Pod',
    `${core}/pods`,
    pod({}),
    {
      spec: {
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        serviceAccountName: 'default',
        schedulerName: 'default-scheduler',
        containers: [
          {
            imagePullPolicy: 'IfNotPresent',
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
          },
        ],
      },
      status: { phase: 'Pending' },
    },
  ],
  [
    'Pod of an image without a tag',
    `${core}/pods`,
    pod({ image: 'i' }),
    { spec: { containers: [{ imagePullPolicy: 'Always' }] } },
  ],
  [
    'Pod of the latest image',
    `${core}/pods`,
    pod({ image: 'i:latest' }),
    { spec: { containers: [{ imagePullPolicy: 'Always' }] } },
  ],
  [
    'Pod with a probe',
    `${core}/pods`,
    pod({ livenessProbe: { tcpSocket: { port: 80 } } }),
    { spec: { containers: [{ livenessProbe: probe }] } },
  ],
  [
    'Job',
    `${batch}/jobs`,
    of('Job', { template: once }, 'batch/v1'),
    { spec: { parallelism: 1, completions: 1, backoffLimit: 6, completionMode: 'NonIndexed', suspend: false } },
  ],
  [
    'Secret',
    `${core}/secrets`,
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'd' }, stringData: { k: 'v' } },
    { type: 'Opaque', data: { k: 'dg==' }, stringData: undefined },
  ],
];

describe('contract: defaults that clients depend on', () => {
  let api: ApiHarness;

  before(async () => {
    api = await ApiHarness.start();
  });
  after(() => api?.stop());

  const make = async (path: string, body: object): Promise<Json> => {
    const { code, json, text } = await api.call('POST', path, { body });
    assert.equal(code, 201, text);
    await api.call('DELETE', `${path}/d`);
    return json;
  };

  for (const [name, path, body, part] of rows)
    it(`are there for a ${name}`, async () => includes(await make(path, body), part));

  it('give a Service its addresses', async () => {
    const { spec } = await make(`${core}/services`, of('Service', { ports: [{ port: 80 }] }, 'v1'));
    assert.match(spec.clusterIP, /^\d+\.\d+\.\d+\.\d+$/);
    assert.deepEqual(spec.clusterIPs, [spec.clusterIP]);
  });

  it('give a Job a selector of its own, and its pods the labels for it', async () => {
    const { metadata, spec } = await make(`${batch}/jobs`, of('Job', { template: once }, 'batch/v1'));
    const { uid } = metadata;
    assert.deepEqual(spec.selector.matchLabels, { 'batch.kubernetes.io/controller-uid': uid });
    includes(spec.template.metadata.labels, {
      'batch.kubernetes.io/controller-uid': uid,
      'batch.kubernetes.io/job-name': 'd',
      'controller-uid': uid,
      'job-name': 'd',
    });
  });
});
