import type { Message, Value } from './protobuf-encoder.ts';

/** A kind with a body in field numbers, and the JSON that the same client would have sent. */
export interface ProtobufRow {
  apiVersion: string;
  kind: string;
  collection: string;
  /** Everything but the metadata. */
  message: Message;
  /** What an answer says, at least. */
  says: object;
}

export const entry = (key: string, value: Value): Message => ({ 1: key, 2: value });
export const q = (amount: string): Message => ({ 1: amount });
const at = (seconds: number): Message => ({ 1: seconds, 2: 0 });
export const moment = '2026-01-01T00:00:00Z';
export const stamp = at(1_767_225_600);
const int = (value: number): Message => ({ 1: 0, 2: value, 3: '' });
export const text = (value: string): Message => ({ 1: 1, 2: 0, 3: value });

/** Empty strings and zeros are what Go sends for fields that are not pointers. */
const container: Message = {
  1: 'c',
  2: 'i:1',
  5: '',
  6: { 1: '', 2: 0, 3: 80, 4: 'TCP', 5: '' },
  7: { 1: 'A', 2: '1' },
  8: { 1: entry('cpu', q('500m')), 2: entry('memory', q('1Gi')) },
  12: { 2: { 2: { 1: '/bye', 2: text('http'), 3: '', 4: '' } } },
  16: 0,
};
export const containerJson = {
  name: 'c',
  image: 'i:1',
  ports: [{ containerPort: 80, protocol: 'TCP' }],
  env: [{ name: 'A', value: '1' }],
  resources: { limits: { cpu: '500m' }, requests: { memory: '1Gi' } },
};
const podSpec: Message = {
  1: { 1: 'v', 2: { 2: { 1: '' } } },
  2: container,
  3: 'Always',
  4: 0,
  6: '',
  7: entry('disk', 'ssd'),
  11: 0,
  14: { 2: 1000 },
  22: { 1: 'k', 2: 'Exists', 3: '', 4: 'NoExecute', 5: -1 },
};
const template: Message = { 1: { 11: entry('app', 'a') }, 2: { 2: container } };
const onceTemplate: Message = { 1: { 11: entry('app', 'a') }, 2: { 2: container, 3: 'Never' } };
export const selector: Message = { 1: entry('app', 'a') };
export const selectorJson = { matchLabels: { app: 'a' } };

export const row = (apiVersion: string, kind: string, path: string, message: Message, says: object): ProtobufRow => {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const collection = path.startsWith('/') ? `${root}${path}` : `${root}/namespaces/default/${path}`;
  return { apiVersion, kind, collection, message, says };
};
export const workloadRows: readonly ProtobufRow[] = [
  row(
    'v1',
    'Pod',
    'pods',
    { 2: podSpec, 3: { 1: '', 9: '' } },
    {
      spec: {
        terminationGracePeriodSeconds: 0,
        restartPolicy: 'Always',
        nodeSelector: { disk: 'ssd' },
        securityContext: { runAsUser: 1000 },
      },
    },
  ),
  row('v1', 'PodTemplate', 'podtemplates', { 2: template }, { template: { metadata: { labels: { app: 'a' } } } }),
  row(
    'v1',
    'ReplicationController',
    'replicationcontrollers',
    { 2: { 1: 0, 2: entry('app', 'a'), 3: template, 4: 0 } },
    {
      spec: { replicas: 0, selector: { app: 'a' } },
    },
  ),
  row(
    'apps/v1',
    'Deployment',
    'deployments',
    {
      2: {
        1: 0,
        2: selector,
        3: template,
        4: { 1: 'RollingUpdate', 2: { 1: int(0), 2: text('25%') } },
        5: 7,
        7: 1,
        9: 60,
      },
    },
    {
      spec: {
        replicas: 0,
        selector: selectorJson,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
        minReadySeconds: 7,
        paused: true,
        progressDeadlineSeconds: 60,
      },
    },
  ),
  row(
    'apps/v1',
    'ReplicaSet',
    'replicasets',
    { 2: { 1: 3, 2: selector, 3: template, 4: 0 } },
    { spec: { replicas: 3 } },
  ),
  row(
    'apps/v1',
    'StatefulSet',
    'statefulsets',
    { 2: { 1: 2, 2: selector, 3: template, 5: 'svc', 6: 'Parallel', 7: { 1: 'RollingUpdate', 2: { 1: 1 } }, 8: 4 } },
    {
      spec: {
        replicas: 2,
        serviceName: 'svc',
        podManagementPolicy: 'Parallel',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
        revisionHistoryLimit: 4,
      },
    },
  ),
  row(
    'apps/v1',
    'DaemonSet',
    'daemonsets',
    { 2: { 1: selector, 2: template, 3: { 1: 'OnDelete' }, 4: 5, 6: 3 } },
    {
      spec: { updateStrategy: { type: 'OnDelete' }, minReadySeconds: 5, revisionHistoryLimit: 3 },
    },
  ),
  row(
    'apps/v1',
    'ControllerRevision',
    'controllerrevisions',
    { 2: { 1: '{"a":1}' }, 3: 4 },
    { data: { a: 1 }, revision: 4 },
  ),
  row(
    'batch/v1',
    'Job',
    'jobs',
    { 2: { 1: 2, 2: 4, 3: 60, 6: onceTemplate, 7: 0, 9: 'Indexed', 10: 1 } },
    {
      spec: {
        parallelism: 2,
        completions: 4,
        activeDeadlineSeconds: 60,
        backoffLimit: 0,
        completionMode: 'Indexed',
        suspend: true,
      },
    },
  ),
  row(
    'batch/v1',
    'CronJob',
    'cronjobs',
    { 2: { 1: '*/5 * * * *', 3: 'Forbid', 4: 0, 5: { 2: { 6: onceTemplate } }, 6: 0, 8: 'Etc/UTC' } },
    {
      spec: {
        schedule: '*/5 * * * *',
        concurrencyPolicy: 'Forbid',
        suspend: false,
        successfulJobsHistoryLimit: 0,
        timeZone: 'Etc/UTC',
      },
    },
  ),
  row(
    'v1',
    'Service',
    'services',
    {
      2: {
        1: { 1: 'web', 2: 'TCP', 3: 80, 4: text('http'), 5: 0 },
        2: entry('app', 'a'),
        3: '',
        4: 'ClusterIP',
        7: 'ClientIP',
        14: { 1: { 1: 99 } },
      },
      3: { 1: {} },
    },
    {
      spec: {
        ports: [{ name: 'web', protocol: 'TCP', port: 80, targetPort: 'http' }],
        selector: { app: 'a' },
        type: 'ClusterIP',
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 99 } },
      },
    },
  ),
];

export const podBody: Message = { 2: podSpec };
