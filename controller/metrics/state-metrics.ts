import { Counter, Gauge, type Registry } from 'prom-client';
import type { Deployment, Node, Pod, Stored } from '../../shared/objects/types.ts';
import { resourceName, resources } from '../../shared/objects/resources.ts';
import type { Store } from '../store/store.ts';

/** Series about the objects in the store, counted when somebody asks. */
export function registerStateMetrics(store: Store, registry: Registry): void {
  const registers = [registry];
  const gauge = <L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    values: () => Iterable<[Record<L, string>, number]>,
  ): void => {
    const made: Gauge<L> = new Gauge({
      name,
      help,
      labelNames,
      registers,
      collect: () => {
        made.reset();
        for (const [labels, value] of values()) made.inc(labels, value);
      },
    });
  };
  gauge('berth_store_objects', 'Objects in the state store.', ['resource'], () =>
    resources.map((info) => [{ resource: resourceName(info) }, store.list(resourceName(info)).items.length]),
  );
  gauge('berth_store_version', 'Version of the newest change.', [], () => [[{}, store.version]]);
  gauge('kube_pod_status_phase', 'Pods by namespace and phase.', ['namespace', 'phase'], () =>
    store
      .list<Stored<Pod>>('pods')
      .items.map(({ metadata, status }) => [
        { namespace: metadata.namespace ?? '', phase: status?.phase ?? 'Unknown' },
        1,
      ]),
  );
  registerRestarts(store, registry);
  gauge('kube_node_status_ready', 'Nodes that are ready (1) or not (0).', ['node'], () =>
    store.list<Stored<Node>>('nodes').items.map(({ metadata, status }) => {
      const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
      return [{ node: metadata.name }, isReady ? 1 : 0];
    }),
  );
  gauge('kube_deployment_spec_replicas', 'Replicas wanted.', ['namespace', 'deployment'], () =>
    deployments(store).map((found) => [labelsOf(found), found.spec?.replicas ?? 1]),
  );
  gauge('kube_deployment_status_replicas_available', 'Replicas available.', ['namespace', 'deployment'], () =>
    deployments(store).map((found) => [labelsOf(found), found.status?.availableReplicas ?? 0]),
  );
}

/** From the status of pods and not from samples, which tell of running containers only: those that crash matter most. */
function registerRestarts(store: Store, registry: Registry): void {
  const restarts = new Counter({
    name: 'kube_pod_container_status_restarts_total',
    help: 'How often the container was started again.',
    labelNames: ['namespace', 'pod', 'container', 'node'],
    registers: [registry],
    collect: () => {
      restarts.reset();
      for (const { metadata, spec, status } of store.list<Stored<Pod>>('pods').items) {
        const pod = { namespace: metadata.namespace ?? '', pod: metadata.name, node: spec?.nodeName ?? '' };
        for (const { name, restartCount } of status?.containerStatuses ?? []) {
          restarts.inc({ ...pod, container: name }, restartCount);
        }
      }
    },
  });
}

function deployments(store: Store): readonly Stored<Deployment>[] {
  return store.list<Stored<Deployment>>('deployments.apps').items;
}

function labelsOf({ metadata }: Stored<Deployment>): { namespace: string; deployment: string } {
  return { namespace: metadata.namespace ?? '', deployment: metadata.name };
}
