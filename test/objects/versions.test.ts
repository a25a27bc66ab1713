import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeObject } from '../../shared/objects/decode.ts';
import { decodeProtobuf } from '../../shared/objects/protobuf.ts';
import { fieldNumbers } from '../../shared/objects/protobuf-numbers.ts';
import { findResource } from '../../shared/objects/resources.ts';
import { shortNameOf, typeOf } from '../../shared/objects/schema-table.ts';
import type { KubeObject } from '../../shared/objects/types.ts';
import { servedVersions, type ServedVersion } from '../../shared/objects/versions/served-version.ts';
import { needsKubectl } from '../api/kubectl.ts';
import { runKubectl } from './kubectl-recorder.ts';
import { anyOfType } from './schema-arbitrary.ts';

function versionOf(apiVersion: string): ServedVersion {
  const [group, version] = apiVersion.split('/');
  const found = servedVersions.find(({ info }) => info.group === group && info.version === version);
  assert.ok(found);
  return found;
}

const metadata = { name: 'x', namespace: 'n' };
const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } };
const memory = {
  type: 'Resource',
  resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } },
};
const perPod = {
  type: 'Pods',
  pods: {
    metric: { name: 'rps', selector: { matchLabels: { a: 'b' } } },
    target: { type: 'AverageValue', averageValue: '10' },
  },
};
const ofObject = {
  type: 'Object',
  object: {
    describedObject: { kind: 'Service', name: 's' },
    metric: { name: 'hits' },
    target: { type: 'Value', value: '5' },
  },
};
const external = {
  type: 'External',
  external: {
    metric: { name: 'queue', selector: { matchLabels: { q: '1' } } },
    target: { type: 'AverageValue', averageValue: '30' },
  },
};

describe('served versions', () => {
  it('have a schema and field numbers', () => {
    for (const { info } of servedVersions) {
      const numbers = fieldNumbers(shortNameOf(typeOf(info).name));
      assert.ok(numbers, info.kind);
      for (const { name } of numbers.values()) assert.ok(typeOf(info).fields[name], `${info.kind}.${name}`);
    }
  });

  it('lose nothing of any Event, nor of a part of one', () => {
    const events = versionOf('events.k8s.io/v1');
    const info = findResource('events');
    assert.ok(info);
    fc.assert(
      fc.property(anyOfType(typeOf(info).name), (fields) => {
        const known = JSON.parse(JSON.stringify(fields)) as object;
        const event: KubeObject = { ...known, apiVersion: 'v1', kind: 'Event', metadata };
        const shown = events.fromStored(event);
        assert.deepEqual(decodeObject(events.info, shown, 'Strict').warnings, []);
        assert.deepEqual(events.toStored(shown), event);
      }),
    );
  });

  describe('autoscaling/v1', () => {
    const autoscaling = versionOf('autoscaling/v1');
    const v2 = (spec: object, more: object = {}): KubeObject =>
      ({
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata,
        spec: { scaleTargetRef, maxReplicas: 4, ...spec },
        ...more,
      }) as unknown as KubeObject;

    it('has a CPU target as a field', () => {
      const shown = autoscaling.fromStored(v2({ metrics: [cpu] }));
      assert.deepEqual(shown, {
        apiVersion: 'autoscaling/v1',
        kind: 'HorizontalPodAutoscaler',
        metadata,
        spec: { scaleTargetRef, maxReplicas: 4, targetCPUUtilizationPercentage: 80 },
      });
      assert.deepEqual(autoscaling.toStored(shown), v2({ metrics: [cpu] }));
    });

    it('keeps what it has no fields for in annotations, and gives all of it back', () => {
      const behavior = { scaleDown: { stabilizationWindowSeconds: 60 } };
      const measured = {
        type: 'Resource',
        resource: { name: 'cpu', current: { averageUtilization: 7, averageValue: '70m' } },
      };
      const conditions = [{ type: 'AbleToScale', status: 'True' }];
      const status = { currentReplicas: 1, desiredReplicas: 2, currentMetrics: [measured], conditions };
      const stored = v2({ metrics: [cpu, memory, perPod, ofObject, external], behavior }, { status });
      const shown = autoscaling.fromStored(stored) as KubeObject & { status: Record<string, unknown> };
      const { annotations = {} } = shown.metadata;
      const keptMetrics = JSON.parse(annotations['autoscaling.alpha.kubernetes.io/metrics'] ?? '') as unknown[];
      assert.deepEqual(keptMetrics.slice(0, 2), [
        { type: 'Resource', resource: { name: 'memory', targetAverageValue: '1Gi' } },
        {
          type: 'Pods',
          pods: { metricName: 'rps', selector: { matchLabels: { a: 'b' } }, targetAverageValue: '10' },
        },
      ]);
      assert.equal(shown.status['currentCPUUtilizationPercentage'], 7);
      assert.deepEqual(decodeObject(autoscaling.info, shown, 'Strict').warnings, []);
      assert.deepEqual(autoscaling.toStored(shown), stored);
    });

    it('refuses annotations that cannot be read', () => {
      for (const text of ['{', '{}', '[1]']) {
        const annotations = { 'autoscaling.alpha.kubernetes.io/metrics': text };
        const shown = { ...autoscaling.fromStored(v2({})), metadata: { ...metadata, annotations } };
        assert.throws(() => autoscaling.toStored(shown), /annotations\[autoscaling.alpha.kubernetes.io\/metrics\]/);
      }
    });

    it('is what kubectl autoscale may send', async function () {
      needsKubectl(this);
      this.timeout(20_000);
      const list = { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: 'apps/v1' };
      const resource = {
        name: 'deployments',
        singularName: 'deployment',
        namespaced: true,
        kind: 'Deployment',
        verbs: ['get'],
      };
      const scale = {
        name: 'deployments/scale',
        namespaced: true,
        kind: 'Scale',
        group: 'autoscaling',
        version: 'v1',
        verbs: ['get'],
      };
      const gv = { groupVersion: 'apps/v1', version: 'v1' };
      const { writes } = await runKubectl(['autoscale', 'deployment', 'web', '--max=4', '--cpu-percent=70'], {
        '/api': { kind: 'APIVersions', versions: ['v1'] },
        '/apis': {
          kind: 'APIGroupList',
          apiVersion: 'v1',
          groups: [{ name: 'apps', versions: [gv], preferredVersion: gv }],
        },
        '/apis/apps/v1': { ...list, resources: [resource, scale] },
        '/apis/apps/v1/namespaces/default/deployments/web': {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          metadata: { name: 'web', namespace: 'default' },
        },
      });
      const [write] = writes;
      assert.ok(write);
      const isProtobuf = write.contentType === 'application/vnd.kubernetes.protobuf';
      const value = isProtobuf ? decodeProtobuf(write.body).value : (JSON.parse(write.body.toString()) as object);
      const { apiVersion, spec } = value as { apiVersion: string; spec: object };
      assert.deepEqual(
        [apiVersion, spec],
        ['autoscaling/v1', { scaleTargetRef, maxReplicas: 4, targetCPUUtilizationPercentage: 70 }],
      );
    });
  });
});
