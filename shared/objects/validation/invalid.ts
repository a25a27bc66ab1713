import { ApiError, type Cause } from '../../errors.ts';
import type { ResourceInfo } from '../resources.ts';

/** The 422 error for an object with these causes: `Deployment.apps "web" is invalid: [a, b]`. */
export function toInvalid(
  { group, kind }: Pick<ResourceInfo, 'group' | 'kind'>,
  name: string,
  causes: Cause[],
): ApiError {
  const lines = [...new Set(causes.map(({ field, message }) => (field ? `${field}: ${message}` : message)))];
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const qualified = group === '' ? kind : `${kind}.${group}`;
  const details = { kind, ...(name !== '' && { name }), causes, ...(group !== '' && { group }) };
  return new ApiError('Invalid', `${qualified} ${JSON.stringify(name)} is invalid: ${text}`, details);
}
