import { ApiError, type Cause } from '../../../shared/errors.ts';
import { forbidden, notSupported } from '../../../shared/objects/validation/causes.ts';
import { toInvalid } from '../../../shared/objects/validation/invalid.ts';

const field = 'resourceVersionMatch';
const matches = ['Exact', 'NotOlderThan', ''];
const withContinue = forbidden(field, 'resourceVersionMatch is forbidden when continue is provided');

/** Reads the resourceVersion of a query; '' and absent are undefined. Throws BadRequest. */
export function parseVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion');
  if (text === null || text === '') return undefined;
  if (!/^[0-9]{1,15}$/.test(text)) {
    throw new ApiError('BadRequest', `Invalid value: ${JSON.stringify(text)}: invalid resourceVersion`);
  }
  return Number(text);
}

/** Throws Invalid for combinations of list options that have no meaning. */
export function checkListOptions(query: URLSearchParams, isWatch: boolean): void {
  const version = query.get('resourceVersion') ?? '';
  if (query.get('continue') && version !== '' && version !== '0') {
    throw new ApiError('BadRequest', 'specifying resource version is not allowed when using continue');
  }
  const causes = isWatch ? watchCauses(query) : listCauses(query);
  if (causes.length > 0) throw toInvalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', causes);
}

function listCauses(query: URLSearchParams): Cause[] {
  const match = query.get(field) ?? '';
  const version = query.get('resourceVersion') ?? '';
  const causes: Cause[] = [];
  if (match !== '' && version === '') {
    causes.push(forbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
  }
  if (match !== '' && query.get('continue')) causes.push(withContinue);
  if (!matches.includes(match)) causes.push(notSupported(field, match, matches));
  if (match === 'Exact' && version === '0') {
    causes.push(forbidden(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (query.has('sendInitialEvents')) {
    causes.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return causes;
}

function watchCauses(query: URLSearchParams): Cause[] {
  const match = query.get(field) ?? '';
  const causes: Cause[] = [];
  const sendsInitial = query.has('sendInitialEvents');
  if (sendsInitial && match !== 'NotOlderThan') {
    causes.push(forbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  }
  if (match === '') return causes;
  if (!sendsInitial) {
    causes.push(forbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'));
  }
  if (match !== 'NotOlderThan') causes.push(notSupported(field, match, ['NotOlderThan']));
  if (query.get('continue')) causes.push(withContinue);
  return causes;
}

/** The store cannot wait for versions that a client made up, or that a restored backup lost. */
export function tooLargeVersion(version: number, current: number): ApiError {
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  const message = `Timeout: Too large resource version: ${version}, current: ${current}`;
  return new ApiError('Timeout', message, { causes, retryAfterSeconds: 1 });
}
