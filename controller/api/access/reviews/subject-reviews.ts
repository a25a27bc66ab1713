import type { TokenReview } from 'kubernetes-types/authentication/v1.d.ts';
import { required } from '../../../../shared/objects/validation/causes.ts';
import { toInvalid } from '../../../../shared/objects/validation/invalid.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiRequest } from '../../http/api-request.ts';
import { asAuthenticated, type User } from '../user.ts';

/** `kubectl auth whoami`: who is the sender? */
export function reviewSelf(_: ApiDeps, { user }: ApiRequest): object {
  return { userInfo: userInfo(user) };
}

/** Whose token is this? */
export function reviewToken({ authenticator }: ApiDeps, _: ApiRequest, { spec }: TokenReview): object {
  const token = spec?.token ?? '';
  if (token === '') {
    throw toInvalid({ group: 'authentication.k8s.io', kind: 'TokenReview' }, '', [required('spec.token')]);
  }
  const { audiences = [] } = spec;
  const bearer = authenticator.bearerOf(token, audiences.length > 0 ? audiences : undefined);
  if (bearer === undefined) return { user: {}, error: 'the token is not valid' };
  const { user, audiences: matching } = bearer;
  return { authenticated: true, user: userInfo(asAuthenticated(user)), audiences: matching };
}

function userInfo({ name, uid, groups, extra }: User): object {
  return { username: name, ...(uid !== undefined && { uid }), groups, ...(extra !== undefined && { extra }) };
}
