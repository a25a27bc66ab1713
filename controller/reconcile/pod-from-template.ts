import { withAccount } from '../../shared/objects/account-volume.ts';
import { applyDefaults } from '../../shared/objects/defaults.ts';
import { findResource } from '../../shared/objects/resources.ts';
import type { KubeObject, PodTemplateSpec, ServiceAccount } from '../../shared/objects/types.ts';
import type { Store } from '../store/store.ts';
import { controllerReference } from './owners.ts';
import type { PodObject } from './pod-state.ts';

/** A pod named `name` as `owner`'s template describes it, with what every new pod gets from the API. */
export function podFromTemplate(store: Store, owner: KubeObject, template: PodTemplateSpec, name: string): PodObject {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const pod: PodObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: owner.metadata.namespace,
      labels,
      annotations,
      finalizers,
      ownerReferences: [controllerReference(owner)],
    },
    spec: { ...template.spec, containers: template.spec?.containers ?? [] },
    status: { phase: 'Pending' },
  };
  const info = findResource('pods');
  const complete = info === undefined ? pod : applyDefaults(info, pod);
  const { namespace = '' } = owner.metadata;
  const account = complete.spec?.serviceAccountName ?? 'default';
  return withAccount(complete, store.get<KubeObject & ServiceAccount>('serviceaccounts', namespace, account));
}
