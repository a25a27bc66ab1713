import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { KubeObject, Pod, Stored } from '../shared/objects/types.ts';
import { Cluster, podsPath } from '../test/e2e/cluster.ts';
import { until } from '../test/support/until.ts';

export const image = 'bench:1';

/** A Berth of its own with an image of BusyBox at hand; `work` is measured, then all is removed. */
export async function withCluster(work: (cluster: Cluster) => Promise<void>): Promise<void> {
  const cluster = await Cluster.create();
  try {
    await cluster.up();
    await cluster.importImage(image);
    await work(cluster);
  } finally {
    // Not thrown: it would hide what went wrong before.
    await cluster.destroy().catch((error: unknown) => console.error(error));
  }
}

/** A pod that says one line and then waits to be ended. */
export function benchPod(name: string): KubeObject & Pod {
  const command = ['sh', '-c', 'echo started; trap exit TERM; sleep 1000 & wait'];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 2, containers: [{ name: 'main', image, command }] },
  };
}

/** As `kubectl apply --server-side`. */
export async function apply(cluster: Cluster, pod: KubeObject): Promise<void> {
  await cluster.client.call('PATCH', `${podsPath}/${pod.metadata.name}`, {
    body: pod,
    contentType: 'application/apply-patch+yaml',
    query: { fieldManager: 'bench' },
  });
}

/** Begins to follow all pods, then does `work`; resolves when `isMet`, asked with each pod as it changes, says so. */
export async function untilPods(
  cluster: Cluster,
  work: () => Promise<void>,
  isMet: (pod: Stored<Pod>) => boolean,
): Promise<void> {
  const query = { watch: 'true', timeoutSeconds: '120' };
  const response = await cluster.client.open('GET', podsPath, { query });
  try {
    await work();
    for await (const line of createInterface({ input: response })) {
      const { object } = JSON.parse(line) as { object: Stored<Pod> };
      if (isMet(object)) return;
    }
  } finally {
    response.on('error', () => undefined).destroy();
  }
  throw new Error('the watch ended before what it waited for');
}

/** Deletes all pods and waits until nothing of them is left on the node. */
export async function removePods(cluster: Cluster): Promise<void> {
  await cluster.client.call('DELETE', podsPath);
  const sandboxes = join(cluster.paths.run, 's');
  const isEmpty = (): boolean => !existsSync(sandboxes) || readdirSync(sandboxes).length === 0;
  await until(async () => (await cluster.pods()).length === 0 && isEmpty(), 'all pods are gone', {
    withinMs: 60_000,
    everyMs: 100,
  });
}
