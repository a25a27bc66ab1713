import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { readObject } from '../verbs/codec.ts';
import { placeObject } from '../verbs/metadata.ts';
import { replaceObject } from '../verbs/update.ts';
import { parseWriteOptions } from '../verbs/write-options.ts';

type Finalized = KubeObject & { spec?: { finalizers?: string[] } };

/** PUT of `namespaces/finalize`: sets `spec.finalizers` and nothing else. The last one gone removes a deleted namespace. */
export async function finalizeNamespace(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const options = parseWriteOptions(request);
  const sent: Finalized = placeObject(await readObject(request, target, options), target);
  const { resourceVersion, uid } = sent.metadata;
  const stored = await replaceObject({ deps, request, target, options }, (current) => ({
    ...current,
    metadata: { ...current.metadata, uid: uid ?? current.metadata.uid, resourceVersion },
    spec: { ...(current as Finalized).spec, finalizers: sent.spec?.finalizers ?? [] },
  }));
  return jsonReply(200, stored);
}
