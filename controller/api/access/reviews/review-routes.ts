import { ApiError } from '../../../../shared/errors.ts';
import { resourceName } from '../../../../shared/objects/resources.ts';
import type { KubeObject } from '../../../../shared/objects/types.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiRequest } from '../../http/api-request.ts';
import { negotiateForm } from '../../http/negotiation.ts';
import { jsonReply, type Reply } from '../../http/reply.ts';
import type { ResourceTarget } from '../../resource-path.ts';
import { readObject } from '../../verbs/codec.ts';
import { placeObject } from '../../verbs/metadata.ts';
import { parseWriteOptions } from '../../verbs/write-options.ts';
import { reviewLocalAccess, reviewOwnAccess, reviewSubjectAccess } from './access-reviews.ts';
import { reviewOwnRules } from './rules-review.ts';
import { reviewSelf, reviewToken } from './subject-reviews.ts';

/** Answers one kind of question: what its `status` is to be. Throws what the question is refused for. */
type Review = (deps: ApiDeps, request: ApiRequest, object: never) => object;

const kinds: Readonly<Record<string, Review>> = {
  'tokenreviews.authentication.k8s.io': reviewToken,
  'selfsubjectreviews.authentication.k8s.io': reviewSelf,
  'localsubjectaccessreviews.authorization.k8s.io': reviewLocalAccess,
  'selfsubjectaccessreviews.authorization.k8s.io': reviewOwnAccess,
  'selfsubjectrulesreviews.authorization.k8s.io': reviewOwnRules,
  'subjectaccessreviews.authorization.k8s.io': reviewSubjectAccess,
};

/** POST of a question: it comes back with its answer, and is kept nowhere. */
export async function answerReview(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const { info } = target;
  const review = kinds[resourceName(info)] as ((...of: [ApiDeps, ApiRequest, KubeObject]) => object) | undefined;
  if (review === undefined) throw new ApiError('NotFound', 'the server could not find the requested resource');
  negotiateForm(request.headers.accept, 'bare');
  const sent = placeObject(await readObject(request, target, parseWriteOptions(request)), target);
  return jsonReply(201, { ...sent, status: review(deps, request, sent) });
}
