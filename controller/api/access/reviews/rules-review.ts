import type { SelfSubjectRulesReview } from 'kubernetes-types/authorization/v1.d.ts';
import { ApiError } from '../../../../shared/errors.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiRequest } from '../../http/api-request.ts';

/** `kubectl auth can-i --list`: everything that the sender may do in a namespace. */
export function reviewOwnRules(
  { authorizer }: ApiDeps,
  { user }: ApiRequest,
  { spec }: SelfSubjectRulesReview,
): object {
  const namespace = spec?.namespace ?? '';
  if (namespace === '') throw new ApiError('BadRequest', 'no namespace on request: name one in spec.namespace');
  const rules = authorizer.rulesOf(user, namespace);
  return {
    resourceRules: rules
      .filter(({ resources = [] }) => resources.length > 0)
      .map(({ verbs, apiGroups = [], resources = [], resourceNames = [] }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames.length > 0 && { resourceNames }),
      })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs = [] }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs = [] }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  };
}
