import assert from 'node:assert/strict';
import { summarize } from '../../../controller/api/tables/pod-status.ts';
import type { Container, ContainerStatus, Pod, PodStatus } from '../../../shared/objects/types.ts';

const now = Date.parse('2026-01-01T01:00:00Z');

const main = (...names: string[]): Container[] => names.map((name) => ({ name, image: 'i' }));
const sidecar = (name: string): Container => ({ name, image: 'i', restartPolicy: 'Always' });

function statusOf(name: string, state: ContainerStatus['state'], more: Partial<ContainerStatus> = {}): ContainerStatus {
  return { name, image: 'i', imageID: '', ready: false, restartCount: 0, state, ...more };
}
const running = (name: string, more: Partial<ContainerStatus> = {}): ContainerStatus =>
  statusOf(name, { running: { startedAt: '2026-01-01T00:00:00Z' } }, { ready: true, started: true, ...more });
const waiting = (name: string, reason: string, more: Partial<ContainerStatus> = {}): ContainerStatus =>
  statusOf(name, { waiting: { reason } }, more);
const ended = (name: string, exitCode: number, more: { reason?: string; signal?: number } = {}): ContainerStatus =>
  statusOf(name, { terminated: { exitCode, ...more } });
const condition = (type: string, status: string, reason?: string): NonNullable<PodStatus['conditions']>[number] => ({
  type,
  status,
  ...(reason !== undefined && { reason }),
});

interface Case {
  containers?: Container[];
  init?: Container[];
  status: PodStatus;
  deleted?: true;
}

function show({ containers = main('a'), init, status, deleted }: Case): string {
  const metadata = { name: 'p', ...(deleted && { deletionTimestamp: '2026-01-01T00:59:00Z' }) };
  const pod: Pod = { metadata, spec: { containers, ...(init && { initContainers: init }) }, status };
  const { ready, status: word, restarts } = summarize(pod, now);
  return `${ready} ${word} ${restarts}`;
}

const cases: [string, Case, string][] = [
  ['waits for a node', { status: { phase: 'Pending' } }, '0/1 Pending 0'],
  [
    'is gated',
    { status: { phase: 'Pending', conditions: [condition('PodScheduled', 'False', 'SchedulingGated')] } },
    '0/1 SchedulingGated 0',
  ],
  [
    'starts',
    { status: { phase: 'Pending', containerStatuses: [waiting('a', 'ContainerCreating')] } },
    '0/1 ContainerCreating 0',
  ],
  ['runs', { status: { phase: 'Running', containerStatuses: [running('a')] } }, '1/1 Running 0'],
  [
    'runs but is not ready',
    { status: { phase: 'Running', containerStatuses: [running('a', { ready: false })] } },
    '0/1 Running 0',
  ],
  [
    'has completed',
    { status: { phase: 'Succeeded', containerStatuses: [ended('a', 0, { reason: 'Completed' })] } },
    '0/1 Completed 0',
  ],
  [
    'has failed',
    { status: { phase: 'Failed', containerStatuses: [ended('a', 1, { reason: 'Error' })] } },
    '0/1 Error 0',
  ],
  ['ended without a reason', { status: { phase: 'Failed', containerStatuses: [ended('a', 7)] } }, '0/1 ExitCode:7 0'],
  [
    'was killed by a signal',
    { status: { phase: 'Failed', containerStatuses: [ended('a', 137, { signal: 9 })] } },
    '0/1 Signal:9 0',
  ],
  [
    'was out of memory',
    { status: { phase: 'Running', containerStatuses: [ended('a', 137, { reason: 'OOMKilled' })] } },
    '0/1 OOMKilled 0',
  ],
  ['was evicted', { status: { phase: 'Failed', reason: 'Evicted' } }, '0/1 Evicted 0'],
  [
    'crashes again and again',
    {
      status: {
        phase: 'Running',
        containerStatuses: [
          waiting('a', 'CrashLoopBackOff', {
            restartCount: 3,
            lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:58:00Z' } },
          }),
        ],
      },
    },
    '0/1 CrashLoopBackOff 3 (2m ago)',
  ],
  [
    'shows the first trouble and counts all restarts',
    {
      containers: main('a', 'b', 'c'),
      status: {
        phase: 'Running',
        containerStatuses: [
          running('a', { restartCount: 2 }),
          waiting('b', 'ErrImagePull'),
          ended('c', 1, { reason: 'Error' }),
        ],
      },
    },
    '1/3 ErrImagePull 2',
  ],
  [
    'runs on after one of its containers completed',
    {
      containers: main('a', 'b'),
      status: {
        phase: 'Running',
        conditions: [condition('Ready', 'True')],
        containerStatuses: [ended('a', 0, { reason: 'Completed' }), running('b')],
      },
    },
    '1/2 Running 0',
  ],
  [
    'is not ready after one of its containers completed',
    {
      containers: main('a', 'b'),
      status: { phase: 'Running', containerStatuses: [ended('a', 0, { reason: 'Completed' }), running('b')] },
    },
    '1/2 NotReady 0',
  ],
  [
    'is at its first init container',
    {
      init: main('i', 'j'),
      status: {
        phase: 'Pending',
        initContainerStatuses: [running('i', { ready: false }), waiting('j', 'PodInitializing')],
        containerStatuses: [waiting('a', 'PodInitializing')],
      },
    },
    '0/1 Init:0/2 0',
  ],
  [
    'is at its second init container',
    {
      init: main('i', 'j'),
      status: {
        phase: 'Pending',
        initContainerStatuses: [ended('i', 0), waiting('j', 'PodInitializing', { restartCount: 1 })],
      },
    },
    '0/1 Init:1/2 1',
  ],
  [
    'failed in an init container',
    { init: main('i'), status: { phase: 'Failed', initContainerStatuses: [ended('i', 1, { reason: 'Error' })] } },
    '0/1 Init:Error 0',
  ],
  [
    'failed in an init container without a reason',
    { init: main('i'), status: { initContainerStatuses: [ended('i', 2)] } },
    '0/1 Init:ExitCode:2 0',
  ],
  [
    'was killed in an init container',
    { init: main('i'), status: { initContainerStatuses: [ended('i', 137, { signal: 9 })] } },
    '0/1 Init:Signal:9 0',
  ],
  [
    'crashes in an init container',
    { init: main('i'), status: { initContainerStatuses: [waiting('i', 'CrashLoopBackOff', { restartCount: 4 })] } },
    '0/1 Init:CrashLoopBackOff 4',
  ],
  [
    'is initialized and starts its containers',
    {
      init: main('i'),
      status: {
        phase: 'Pending',
        initContainerStatuses: [
          statusOf('i', { terminated: { exitCode: 0, reason: 'Completed' } }, { restartCount: 5 }),
        ],
        containerStatuses: [waiting('a', 'PodInitializing')],
      },
    },
    '0/1 PodInitializing 0',
  ],
  [
    'counts sidecars among its containers',
    {
      init: [sidecar('s')],
      status: {
        phase: 'Running',
        initContainerStatuses: [running('s', { restartCount: 1 })],
        containerStatuses: [running('a', { restartCount: 2 })],
      },
    },
    '2/2 Running 3',
  ],
  [
    'waits for a sidecar to start',
    {
      init: [sidecar('s')],
      status: { phase: 'Pending', initContainerStatuses: [running('s', { ready: false, started: false })] },
    },
    '0/2 Init:0/1 0',
  ],
  [
    'is deleted',
    { deleted: true, status: { phase: 'Running', containerStatuses: [running('a')] } },
    '1/1 Terminating 0',
  ],
  [
    'has ended and is deleted',
    { deleted: true, status: { phase: 'Succeeded', containerStatuses: [ended('a', 0, { reason: 'Completed' })] } },
    '0/1 Completed 0',
  ],
  ['is deleted on a lost node', { deleted: true, status: { phase: 'Running', reason: 'NodeLost' } }, '0/1 Unknown 0'],
];

describe('pod status', () => {
  for (const [what, pod, expected] of cases) {
    it(`shows a pod that ${what}`, () => assert.equal(show(pod), expected));
  }
});
