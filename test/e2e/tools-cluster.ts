import { needsKubectl, type Kubectl } from '../api/kubectl.ts';
import { needsRoot } from '../support/needs.ts';
import { Cluster } from './cluster.ts';
import { toolsImage } from './shell-pods.ts';

/**
 * In a `before`: a cluster that is up, with the image of BusyBox, and its kubectl. The caller destroys it. The tests of
 * the block are skipped where there is no root or no kubectl.
 */
export async function openToolsCluster(context: Mocha.Context): Promise<{ cluster: Cluster; kubectl: Kubectl }> {
  needsRoot(context);
  needsKubectl(context);
  const cluster = await Cluster.create();
  try {
    await cluster.up();
    await cluster.importImage(toolsImage);
    return { cluster, kubectl: await cluster.kubectl() };
  } catch (error) {
    await cluster.destroy();
    throw error;
  }
}
