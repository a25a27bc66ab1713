import type { KubeObject } from '../../../shared/objects/types.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { negotiateForm } from '../http/negotiation.ts';
import { jsonReply, type Reply } from '../http/reply.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { readObject } from '../verbs/codec.ts';
import { placeReplacement } from '../verbs/metadata.ts';
import { Representation } from '../verbs/representation.ts';
import { replaceObject } from '../verbs/update.ts';
import { parseWriteOptions } from '../verbs/write-options.ts';

type Finalized = KubeObject & { spec?: { finalizers?: string[] } };

/** PUT of `namespaces/finalize`: sets `spec.finalizers` and nothing else. The last one gone removes a deleted namespace. */
export async function finalizeNamespace(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const options = parseWriteOptions(request);
  const representation = new Representation(
    target,
    negotiateForm(request.headers.accept, 'object'),
    request.query,
    deps.clock,
  );
  const sent: Finalized = placeReplacement(await readObject(request, target, options), target);
  const { resourceVersion, uid } = sent.metadata;
  const stored = await replaceObject({ deps, request, target, options }, (current) => ({
    ...current,
    metadata: { ...current.metadata, uid: uid ?? current.metadata.uid, resourceVersion },
    spec: { ...(current as Finalized).spec, finalizers: sent.spec?.finalizers ?? [] },
  }));
  return jsonReply(200, representation.object(stored));
}
