import type { ConfigMap, KubeObject } from '../../../shared/objects/types.ts';

/** The ConfigMap by which programs in pods know the API. */
export const rootCertificateName = 'kube-root-ca.crt';

/** That of one namespace, with the certificate (PEM) of the cluster's authority. */
export function rootCertificate(namespace: string, authority: string): KubeObject & ConfigMap {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: rootCertificateName, namespace },
    data: { 'ca.crt': authority },
  };
}
