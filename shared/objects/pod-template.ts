import type { ResourceInfo } from './resources.ts';
import type { KubeObject, PodTemplateSpec } from './types.ts';

const workload = ['spec', 'template'] as const;

const paths: Readonly<Record<string, readonly string[]>> = {
  Pod: [],
  PodTemplate: ['template'],
  ReplicationController: workload,
  Deployment: workload,
  ReplicaSet: workload,
  StatefulSet: workload,
  DaemonSet: workload,
  Job: workload,
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

/** Where objects of a kind have the template of their pods; a pod is its own. Undefined: they have none. */
export function podTemplatePath(kind: string): readonly string[] | undefined {
  return Object.hasOwn(paths, kind) ? paths[kind] : undefined;
}

/** The template of an object's pods; a pod as it is. Undefined when there is none. */
export function podTemplateOf({ kind }: Pick<ResourceInfo, 'kind'>, object: KubeObject): PodTemplateSpec | undefined {
  return podTemplatePath(kind)?.reduce<unknown>(
    (part, name) => (part as Readonly<Record<string, unknown>> | undefined)?.[name],
    object,
  ) as PodTemplateSpec | undefined;
}
