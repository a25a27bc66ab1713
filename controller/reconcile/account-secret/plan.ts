import type { KubeObject, Secret } from '../../../shared/objects/types.ts';

type SecretObject = KubeObject & Secret;

export const tokenType = 'kubernetes.io/service-account-token';
const uidAnnotation = 'kubernetes.io/service-account.uid';

/**
 * What to do with a Secret of an account that has this uid, or is absent: the Secret as it is to be, or that it stays
 * or goes. One that was never filled waits for its account; what is in it stays.
 */
export function planSecret<T extends SecretObject>(
  secret: T,
  accountUid: string | undefined,
  authority: string,
  issue: () => string,
): T | 'keep' | 'remove' {
  const { annotations } = secret.metadata;
  const boundTo = annotations?.[uidAnnotation];
  if (boundTo !== undefined && boundTo !== accountUid) return 'remove';
  if (accountUid === undefined) return 'keep';
  const { data = {} } = secret;
  const isFull = ['ca.crt', 'namespace', 'token'].every((key) => data[key] !== undefined);
  if (isFull && boundTo === accountUid) return 'keep';
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  const filled = {
    'ca.crt': encode(authority),
    namespace: encode(secret.metadata.namespace ?? ''),
    ...data,
    // A token that came with the Secret is none of this Secret's.
    token: (boundTo === accountUid && data.token) || encode(issue()),
  };
  const metadata = { ...secret.metadata, annotations: { ...annotations, [uidAnnotation]: accountUid } };
  return { ...secret, metadata, data: filled };
}
