import type { Node, Pod, Stored } from '../shared/objects/types.ts';

let serial = 0;

interface PodOptions {
  name?: string;
  namespace?: string;
  nodeName?: string;
  image?: string;
  labels?: Record<string, string>;
}

/** A valid pod with one container, as the store would keep it. */
export function aPod({
  name = 'web',
  namespace = 'default',
  nodeName,
  image = 'hello:1',
  labels,
}: PodOptions = {}): Stored<Pod> {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...aMeta(name), namespace, labels },
    spec: {
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      nodeName,
      containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent', resources: {} }],
    },
    status: { phase: 'Pending' },
  };
}

interface NodeOptions {
  name?: string;
  cpu?: string;
  memory?: string;
  pods?: string;
  labels?: Record<string, string>;
}

/** A ready node. */
export function aNode({
  name = 'node-1',
  cpu = '4',
  memory = '8Gi',
  pods = '110',
  labels = {},
}: NodeOptions = {}): Stored<Node> {
  const capacity = { cpu, memory, pods };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...aMeta(name), labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec: {},
    status: {
      capacity,
      allocatable: capacity,
      conditions: [{ type: 'Ready', status: 'True', reason: 'AgentReady', lastTransitionTime: '2026-01-01T00:00:00Z' }],
    },
  };
}

function aMeta(name: string): { name: string; uid: string; resourceVersion: string; creationTimestamp: string } {
  serial += 1;
  const uid = `00000000-0000-4000-8000-${String(serial).padStart(12, '0')}`;
  return { name, uid, resourceVersion: '0', creationTimestamp: '2026-01-01T00:00:00Z' };
}
