import type { KubeObject, PodSpec, PodTemplateSpec, Toleration } from '../../../shared/objects/types.ts';
import { notReadyTaint, unreachableTaint } from '../node-state.ts';
import { controllerReference } from '../owners.ts';
import type { PodObject } from '../pod-state.ts';

/** How long pods stay bound to a node that is lost or not ready, unless they say otherwise. */
export const defaultTolerationSeconds = 300;

/** A pod named `name` as `owner`'s template describes it, with what admission adds to every pod. */
export function podFromTemplate(owner: KubeObject, template: PodTemplateSpec, name: string): PodObject {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const spec: PodSpec = template.spec ?? { containers: [] };
  return {
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
    spec: {
      ...spec,
      serviceAccountName: spec.serviceAccountName ?? 'default',
      tolerations: withDefaultTolerations(spec.tolerations ?? []),
    },
    status: { phase: 'Pending' },
  };
}

function withDefaultTolerations(tolerations: readonly Toleration[]): Toleration[] {
  const missing = [notReadyTaint, unreachableTaint].filter((key) => {
    return !tolerations.some((each) => (each.key ?? key) === key && (each.effect ?? 'NoExecute') === 'NoExecute');
  });
  const added = missing.map((key) => {
    return { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: defaultTolerationSeconds };
  });
  return [...tolerations, ...added];
}
