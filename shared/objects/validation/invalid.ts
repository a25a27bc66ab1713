import { ApiError, type Cause } from '../../errors.ts';
import type { ResourceInfo } from '../resources.ts';

/** A list of many wrong elements would be answered by many times its size. */
const maxCauses = 500;

/** The 422 error for an object with these causes, the first ones: `Deployment.apps "web" is invalid: [a, b]`. */
export function toInvalid(
  { group, kind }: Pick<ResourceInfo, 'group' | 'kind'>,
  name: string,
  found: Cause[],
): ApiError {
  const causes = found.slice(0, maxCauses);
  const lines = [...new Set(causes.map(({ field, message }) => (field ? `${field}: ${message}` : message)))];
  if (found.length > maxCauses) lines.push(`and ${found.length - maxCauses} more`);
  const text = lines.length === 1 ? lines[0] : `[${lines.join(', ')}]`;
  const qualified = group === '' ? kind : `${kind}.${group}`;
  const details = { kind, ...(name !== '' && { name }), causes, ...(group !== '' && { group }) };
  return new ApiError('Invalid', `${qualified} ${JSON.stringify(name)} is invalid: ${text}`, details);
}
