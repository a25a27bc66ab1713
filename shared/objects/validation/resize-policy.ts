import type { Cause } from '../../errors.ts';
import type { Container } from '../types.ts';
import { eachOf, findDuplicates, invalid, notSupported, required } from './causes.ts';

const resizable = ['cpu', 'memory'];

/** Checks what a container says about changes of its resources. Its restart policies are checked by the table of enums. */
export function resizePolicyCauses(
  policies: Container['resizePolicy'],
  restartPolicy: string | undefined,
  path: string,
): Cause[] {
  return [
    ...findDuplicates(
      policies,
      (index) => `${path}[${index}]`,
      ({ resourceName }) => resourceName,
    ),
    ...eachOf(policies, path, ({ resourceName, restartPolicy: policy }) => [
      ...nameCauses(resourceName, path),
      ...(policy ? [] : [required(path)]),
      ...(restartPolicy === 'Never' && policy === 'RestartContainer'
        ? [invalid(path, policy, "must be 'NotRequired' when `restartPolicy` is 'Never'")]
        : []),
    ]),
  ];
}

function nameCauses(name: string, path: string): Cause[] {
  if (!name) return [required(path)];
  return resizable.includes(name) ? [] : [notSupported(path, name, resizable)];
}
