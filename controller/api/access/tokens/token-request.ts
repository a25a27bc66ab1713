import type { TokenRequest } from 'kubernetes-types/authentication/v1.d.ts';
import { rfc3339 } from '../../../../shared/clock.ts';
import { ApiError, type Cause } from '../../../../shared/errors.ts';
import type { KubeObject, Pod, ServiceAccount, Stored } from '../../../../shared/objects/types.ts';
import { invalid, notSupported, required, tooLong } from '../../../../shared/objects/validation/causes.ts';
import { toInvalid } from '../../../../shared/objects/validation/invalid.ts';
import { conflict, notFound } from '../../../store/store-errors.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiRequest } from '../../http/api-request.ts';
import { negotiateForm } from '../../http/negotiation.ts';
import { jsonReply, type Reply } from '../../http/reply.ts';
import type { ResourceTarget } from '../../resource-path.ts';
import { readBody } from '../../verbs/codec.ts';
import { placeObject } from '../../verbs/metadata.ts';
import { findObject } from '../../verbs/read.ts';
import { parseWriteOptions } from '../../verbs/write-options.ts';
import { issuer, type BoundObject } from './account-tokens.ts';

type Body = KubeObject & Partial<Pick<TokenRequest, 'spec'>>;
type Reference = NonNullable<TokenRequest['spec']['boundObjectRef']>;

const defaultSeconds = 3_600;
const minSeconds = 600;
/** Nobody needs to keep a token longer: whoever asks for more gets this. */
const maxSeconds = 365 * 24 * 3_600;
const maxAudienceBytes = 4_096;

const boundResources = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const;

/** POST of `serviceaccounts/token`: a token of this account comes back in the status, and is kept nowhere. */
export async function createToken(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const { fieldValidation } = parseWriteOptions(request);
  negotiateForm(request.headers.accept, 'bare');
  const sent = placeObject(await readBody<Body>(request, 'TokenRequest', fieldValidation), target) as Body;
  const { expirationSeconds = defaultSeconds, audiences = [], boundObjectRef } = sent.spec ?? {};
  const causes = [...lifeCauses(expirationSeconds), ...audienceCauses(audiences), ...boundCauses(boundObjectRef)];
  const { name = '', namespace } = target;
  if (causes.length > 0) throw toInvalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, name, causes);
  const { metadata } = findObject<Stored<ServiceAccount>>(deps.store, target);
  const bound = boundObjectRef && findBound(deps, target, boundObjectRef);
  const given = audiences.length > 0 ? audiences : [issuer];
  const seconds = Math.min(expirationSeconds, maxSeconds);
  const { token, expiresAt } = deps.accountTokens.issue({
    namespace,
    account: { name, uid: metadata.uid },
    audiences: given,
    lifeMs: seconds * 1_000,
    ...(bound && { bound }),
  });
  return jsonReply(201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace, creationTimestamp: rfc3339(deps.clock.now()) },
    spec: { audiences: given, expirationSeconds: seconds, boundObjectRef: boundObjectRef ?? null },
    status: { token, expirationTimestamp: rfc3339(expiresAt) },
  });
}

function lifeCauses(seconds: number): Cause[] {
  const field = 'spec.expirationSeconds';
  if (seconds < minSeconds) return [invalid(field, seconds, 'may not specify a duration less than 10 minutes')];
  const isHuge = seconds > 2 ** 32;
  return isHuge ? [invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')] : [];
}

function audienceCauses(audiences: readonly string[]): Cause[] {
  const bytes = audiences.reduce((sum, audience) => sum + Buffer.byteLength(audience) + 3, 0);
  const empty = audiences.findIndex((audience) => audience === '');
  return [
    ...(bytes > maxAudienceBytes ? [tooLong('spec.audiences', maxAudienceBytes)] : []),
    ...(empty >= 0 ? [invalid(`spec.audiences[${empty}]`, '', 'must not be empty')] : []),
  ];
}

function boundCauses(reference: Reference | undefined): Cause[] {
  if (reference === undefined) return [];
  const { kind = '', name = '', apiVersion = 'v1' } = reference;
  const field = 'spec.boundObjectRef';
  return [
    ...(Object.hasOwn(boundResources, kind) ? [] : [notSupported(`${field}.kind`, kind, Object.keys(boundResources))]),
    ...(apiVersion === 'v1' ? [] : [notSupported(`${field}.apiVersion`, apiVersion, ['v1'])]),
    ...(name === '' ? [required(`${field}.name`)] : []),
  ];
}

/** The object that a token is to be bound to. Throws NotFound, Conflict when it is another one, and BadRequest. */
function findBound({ store }: ApiDeps, target: ResourceTarget, reference: Reference): BoundObject {
  const kind = reference.kind as BoundObject['kind'];
  const { name = '', uid = '' } = reference;
  const key = { resource: boundResources[kind], namespace: kind === 'Node' ? '' : target.namespace, name };
  const object = store.get<Stored<KubeObject>>(key.resource, key.namespace, name);
  if (object === undefined) throw notFound(key);
  const actual = object.metadata.uid;
  if (uid !== '' && uid !== actual) {
    const why = `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw conflict(key, why);
  }
  const account = kind === 'Pod' ? (object as unknown as Pod).spec?.serviceAccountName : target.name;
  if (account !== target.name) {
    const message = `cannot bind token for serviceaccount ${JSON.stringify(target.name)} to pod running with different serviceaccount name.`;
    throw new ApiError('BadRequest', message);
  }
  return { kind, name, uid: actual };
}
