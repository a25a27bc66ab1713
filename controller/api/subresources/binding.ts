import { rfc3339 } from '../../../shared/clock.ts';
import { ApiError } from '../../../shared/errors.ts';
import type { KubeObject, Pod, Stored } from '../../../shared/objects/types.ts';
import { conflict } from '../../store/store-errors.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { readBody } from '../verbs/codec.ts';
import { placeObject } from '../verbs/metadata.ts';
import { findObject } from '../verbs/read.ts';
import { parseWriteOptions } from '../verbs/write-options.ts';

interface Binding extends KubeObject {
  target?: { kind?: string; name?: string };
}

/** POST of `pods/binding`: puts a pod on a node, once. Throws Conflict when it is on one. */
export async function bindPod(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const { namespace, name = '' } = target;
  const { dryRun, fieldValidation } = parseWriteOptions(request);
  const binding = await readBody<Binding>(request, 'Binding', fieldValidation);
  placeObject(binding, target);
  const { target: to, metadata } = binding;
  const node = to?.name ?? '';
  if (node === '') throw new ApiError('BadRequest', 'target.name: Required value');
  if (to?.kind !== undefined && to.kind !== '' && to.kind !== 'Node') {
    throw new ApiError(
      'BadRequest',
      `target.kind: Unsupported value: ${JSON.stringify(to.kind)}: supported values: "Node"`,
    );
  }
  const bind = (pod: Stored<Pod>): Stored<Pod> => {
    checkFree({ name, namespace }, pod);
    return bound(pod, node, metadata.annotations, rfc3339(deps.clock.now()));
  };
  if (dryRun) bind(findObject(deps.store, target));
  else await deps.store.modify<Stored<Pod>>('pods', namespace, name, bind);
  return jsonReply(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 });
}

function checkFree({ name, namespace }: { name: string; namespace: string }, pod: Stored<Pod>): void {
  const key = { resource: 'pods', namespace, name };
  if (pod.metadata.deletionTimestamp !== undefined) {
    throw conflict(key, `pod ${name} is being deleted, cannot be assigned to a host`);
  }
  if (pod.spec?.nodeName) throw conflict(key, `pod ${name} is already assigned to node "${pod.spec.nodeName}"`);
}

function bound(
  pod: Stored<Pod>,
  node: string,
  annotations: Record<string, string> | undefined,
  now: string,
): Stored<Pod> {
  const conditions = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'PodScheduled');
  return {
    ...pod,
    metadata: { ...pod.metadata, ...(annotations && { annotations: { ...pod.metadata.annotations, ...annotations } }) },
    spec: { ...pod.spec, containers: pod.spec?.containers ?? [], nodeName: node },
    status: {
      ...pod.status,
      conditions: [...conditions, { type: 'PodScheduled', status: 'True', lastTransitionTime: now }],
    },
  };
}
