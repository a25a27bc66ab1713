import { ApiError } from '../../../shared/errors.ts';

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
  const match = query.get('resourceVersionMatch') ?? '';
  const version = query.get('resourceVersion') ?? '';
  const initialEvents = query.get('sendInitialEvents');
  if (query.get('continue') && version !== '' && version !== '0') {
    throw new ApiError('BadRequest', 'specifying resource version is not allowed when using continue');
  }
  if (initialEvents !== null) {
    if (!isWatch) throw invalid('sendInitialEvents', 'Forbidden: sendInitialEvents is forbidden for list');
    if (match !== 'NotOlderThan') {
      throw invalid(
        'resourceVersionMatch',
        'Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      );
    }
    return;
  }
  if (match === '') return;
  if (isWatch)
    throw invalid(
      'resourceVersionMatch',
      'Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
    );
  if (match !== 'Exact' && match !== 'NotOlderThan') {
    throw invalid(
      'resourceVersionMatch',
      `Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan", ""`,
    );
  }
  if (version === '') {
    throw invalid(
      'resourceVersionMatch',
      'Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
  }
  if (match === 'Exact' && version === '0') {
    throw invalid(
      'resourceVersionMatch',
      'Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"',
    );
  }
}

/** The store cannot wait for versions that a client made up, or that a restored backup lost. */
export function tooLargeVersion(version: number, current: number): ApiError {
  const message = `Too large resource version: ${version}, current: ${current}`;
  return new ApiError('Timeout', message, { causes: [{ reason: 'ResourceVersionTooLarge', message }] });
}

function invalid(field: string, why: string): ApiError {
  const message = `ListOptions.meta.k8s.io "" is invalid: ${field}: ${why}`;
  const details = {
    group: 'meta.k8s.io',
    kind: 'ListOptions',
    causes: [{ reason: 'FieldValueForbidden', message: why, field }],
  };
  return new ApiError('Invalid', message, details);
}
