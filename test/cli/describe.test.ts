import assert from 'node:assert/strict';
import { describePod } from '../../cli/show/describe-pod.ts';
import { formatSheet } from '../../cli/print/sheet.ts';
import type { Pod, Stored } from '../../shared/objects/types.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web',
    namespace: 'default',
    uid: 'u',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {
    nodeName: 'node-1',
    restartPolicy: 'Always',
    initContainers: [{ name: 'prepare', image: 'tool:1' }],
    containers: [
      {
        name: 'web',
        image: 'web:1',
        args: ['one', 'first line\nsecond line\n'],
        env: [
          { name: 'A', value: 'b' },
          { name: 'KEY', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        ],
        livenessProbe: { exec: { command: ['true'] }, periodSeconds: 5 },
        volumeMounts: [{ name: 'data', mountPath: '/data', readOnly: true }],
      },
    ],
    volumes: [{ name: 'data', hostPath: { path: '/srv' } }],
  },
  status: {
    phase: 'Running',
    podIP: '10.0.0.2',
    hostIP: '192.0.2.1',
    containerStatuses: [
      {
        name: 'web',
        image: 'web:1',
        imageID: 'sha256:1',
        ready: false,
        restartCount: 3,
        state: { waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s' } },
        lastState: {
          terminated: {
            exitCode: 137,
            signal: 9,
            reason: 'OOMKilled',
            message: 'last words',
            startedAt: '2026-01-01T00:00:00Z',
          },
        },
      },
    ],
    conditions: [{ type: 'Ready', status: 'False', reason: 'ContainersNotReady', message: 'web' }],
  },
} satisfies Stored<Pod>;

describe('a described pod', () => {
  const text = formatSheet(describePod(pod));

  it('says where it is and how it is', () => {
    assert.match(text, /^Node: +node-1\/192\.0\.2\.1\nStatus: +Running\nIP: +10\.0\.0\.2\n/);
    assert.match(
      text,
      /Conditions:\n {2}TYPE +STATUS +SINCE +REASON +MESSAGE\n {2}Ready +False +ContainersNotReady +web\n/,
    );
  });

  it('says of each container what it does and why it ended', () => {
    assert.match(text, /Init Containers:\n {2}prepare:\n {4}Image: +tool:1\n/);
    assert.match(text, / State: +Waiting: CrashLoopBackOff\n +back-off 40s\n/);
    assert.match(text, / Last State: +Terminated: OOMKilled \(exit code 137, signal 9\).*\n +last words\n/);
    assert.match(text, / Restart Count: +3\n/);
  });

  it('says what it runs with', () => {
    assert.match(text, / Args: +one\n +first line\n +second line\n/);
    assert.match(text, / Environment: +A: b\n +KEY: key k of Secret s\n/);
    assert.match(text, / Liveness: +run \["true"\], every 5s, timeout 1s, 3 failures\n/);
    assert.match(text, / Mounts: +\/data from data \(ro\)\n/);
    assert.match(text, /Volumes:\n {2}data +host path \/srv\n/);
  });

  it('says when it is going', () => {
    const going = { ...pod, metadata: { ...pod.metadata, deletionTimestamp: '2026-01-02T00:00:00Z' } };
    assert.match(formatSheet(describePod(going)), /Status: +Terminating \(since 2026-01-02/);
  });

  it('survives a pod that nobody has looked at yet', () => {
    const { status: _status, spec: _spec, ...bare } = pod;
    assert.match(formatSheet(describePod(bare)), /Node: +<none>\n[^]*Containers: <none>\n/);
  });
});
