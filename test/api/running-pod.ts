import assert from 'node:assert/strict';
import type { Pod, Stored } from '../../shared/objects/types.ts';
import type { ApiHarness } from './harness.ts';
import { podManifest } from './manifests.ts';

/** A pod of the namespace `default` on node `n1`, whose one container `main` runs as far as its status says. */
export async function createRunningPod(api: ApiHarness, name: string): Promise<void> {
  const { code, text } = await api.call('POST', '/api/v1/namespaces/default/pods', { body: podManifest(name) });
  assert.equal(code, 201, text);
  await api.store.modify<Stored<Pod>>('pods', 'default', name, (pod) => ({
    ...pod,
    spec: { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName: 'n1' },
    status: {
      phase: 'Running',
      containerStatuses: [
        {
          name: 'main',
          image: 'hello:1',
          imageID: '',
          ready: true,
          restartCount: 0,
          state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        },
      ],
    },
  }));
}
