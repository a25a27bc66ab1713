import { ApiError, type Cause } from '../../../shared/errors.ts';
import { forbidden, notSupported } from '../../../shared/objects/validation/causes.ts';
import { toInvalid } from '../../../shared/objects/validation/invalid.ts';

const field = 'resourceVersionMatch';
const matches = ['Exact', 'NotOlderThan', ''];

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
  const match = query.get('resourceVersionMatch') ?? '';
  const causes = query.has('sendInitialEvents')
    ? initialEventsCauses(match, isWatch)
    : matchCauses(match, version, isWatch);
  if (causes.length > 0) throw toInvalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', causes);
}

function initialEventsCauses(match: string, isWatch: boolean): Cause[] {
  if (!isWatch) return [forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list')];
  if (match === 'NotOlderThan') return [];
  return [forbidden(field, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan')];
}

function matchCauses(match: string, version: string, isWatch: boolean): Cause[] {
  if (match === '') return [];
  if (isWatch)
    return [forbidden(field, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided')];
  if (!matches.includes(match)) return [notSupported(field, match, matches)];
  if (version === '') {
    return [forbidden(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided')];
  }
  if (match !== 'Exact' || version !== '0') return [];
  return [forbidden(field, 'resourceVersionMatch "Exact" is forbidden for resourceVersion "0"')];
}

/** The store cannot wait for versions that a client made up, or that a restored backup lost. */
export function tooLargeVersion(version: number, current: number): ApiError {
  const causes = [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }];
  const message = `Timeout: Too large resource version: ${version}, current: ${current}`;
  return new ApiError('Timeout', message, { causes, retryAfterSeconds: 1 });
}
