import type {
  LocalSubjectAccessReview,
  NonResourceAttributes,
  ResourceAttributes as AskedResource,
  SelfSubjectAccessReview,
  SubjectAccessReview,
} from 'kubernetes-types/authorization/v1.d.ts';
import type { Cause } from '../../../../shared/errors.ts';
import { invalid, required } from '../../../../shared/objects/validation/causes.ts';
import { toInvalid } from '../../../../shared/objects/validation/invalid.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiRequest } from '../../http/api-request.ts';
import type { Attributes } from '../attributes.ts';
import type { Decision } from '../authorizer.ts';
import type { User } from '../user.ts';

/** What access is asked for. */
interface Asked {
  resourceAttributes?: AskedResource;
  nonResourceAttributes?: NonResourceAttributes;
}

/** `kubectl auth can-i`: may the sender do this? */
export function reviewOwnAccess(
  { authorizer }: ApiDeps,
  { user }: ApiRequest,
  { spec }: SelfSubjectAccessReview,
): object {
  refuseIfAny('SelfSubjectAccessReview', askedCauses(spec));
  return answer(authorizer.decide(user, attributesOf(spec)));
}

/** May somebody do this? */
export function reviewSubjectAccess({ authorizer }: ApiDeps, _: ApiRequest, { spec }: SubjectAccessReview): object {
  refuseIfAny('SubjectAccessReview', [...askedCauses(spec), ...subjectCauses(spec)]);
  return answer(authorizer.decide(subjectOf(spec), attributesOf(spec)));
}

/** May somebody do this in the namespace of the path? */
export function reviewLocalAccess(
  { authorizer }: ApiDeps,
  _: ApiRequest,
  { spec, metadata }: LocalSubjectAccessReview,
): object {
  const { resourceAttributes, nonResourceAttributes } = spec ?? {};
  const namespace = resourceAttributes?.namespace ?? '';
  const matches = namespace === metadata?.namespace;
  refuseIfAny('LocalSubjectAccessReview', [
    ...askedCauses(spec),
    ...subjectCauses(spec),
    ...(nonResourceAttributes === undefined
      ? []
      : [invalid('spec.nonResourceAttributes', nonResourceAttributes, 'disallowed on this kind of request')]),
    ...(matches ? [] : [invalid('spec.resourceAttributes.namespace', namespace, 'must match metadata.namespace')]),
  ]);
  return answer(authorizer.decide(subjectOf(spec), attributesOf(spec)));
}

function answer({ allowed, reason }: Decision): object {
  return { allowed, ...(reason !== '' && { reason }) };
}

function refuseIfAny(kind: string, causes: Cause[]): void {
  if (causes.length > 0) throw toInvalid({ group: 'authorization.k8s.io', kind }, '', causes);
}

function askedCauses({ resourceAttributes, nonResourceAttributes }: Asked = {}): Cause[] {
  const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  const isOne = (resourceAttributes === undefined) !== (nonResourceAttributes === undefined);
  return isOne ? [] : [invalid('spec.resourceAttributes', resourceAttributes ?? null, detail)];
}

function subjectCauses({ user = '', groups = [] }: Partial<SubjectAccessReview['spec']> = {}): Cause[] {
  const isNamed = user !== '' || groups.length > 0;
  return isNamed ? [] : [required('spec.user', 'at least one of user or group must be specified')];
}

function subjectOf({ user = '', uid, groups = [], extra }: SubjectAccessReview['spec']): User {
  return { name: user, groups, ...(uid && { uid }), ...(extra && { extra }) };
}

function attributesOf({ resourceAttributes, nonResourceAttributes }: Asked): Attributes {
  if (nonResourceAttributes !== undefined) {
    const { verb = '', path = '' } = nonResourceAttributes;
    return { verb, path };
  }
  const {
    verb = '',
    group = '',
    resource = '',
    subresource = '',
    namespace = '',
    name = '',
  } = resourceAttributes ?? {};
  return { verb, group, resource, subresource, namespace, name };
}
