import type { Clock } from '../../../shared/clock.ts';
import { rfc3339Micro } from '../../../shared/clock.ts';
import { hasReason } from '../../../shared/errors.ts';
import type { KubeObject, Lease } from '../../../shared/objects/types.ts';
import type { Store } from '../../store/store.ts';
import type { NodeObject } from '../node-state.ts';

interface Deps {
  store: Store;
  clock: Clock;
}

const namespace = 'kube-node-lease';
/** Heartbeats never reach the store; the Lease is for those who look for one, with the times of a kubelet's. */
export const leasePeriodMs = 10_000;
const leaseDurationSeconds = 40;

/** Creates the node's Lease, or renews it when it is old enough. It goes with its node. */
export async function renewLease({ store, clock }: Deps, node: NodeObject): Promise<void> {
  const { name, uid = '' } = node.metadata;
  const renewTime = rfc3339Micro(clock.now());
  const spec = { holderIdentity: name, leaseDurationSeconds, renewTime };
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid };
  const lease: KubeObject & Lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace, ownerReferences: [owner] },
    spec,
  };
  const current = store.get<KubeObject & Lease>('leases.coordination.k8s.io', namespace, name);
  try {
    if (current === undefined) {
      await store.create('leases.coordination.k8s.io', lease);
    } else if (clock.now() - Date.parse(current.spec?.renewTime ?? '1970-01-01T00:00:00Z') >= leasePeriodMs) {
      await store.modify('leases.coordination.k8s.io', namespace, name, () => ({ ...current, spec }));
    }
  } catch (error) {
    if (!hasReason(error, 'AlreadyExists') && !hasReason(error, 'NotFound')) throw error;
  }
}
