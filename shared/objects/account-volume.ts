import { createHash } from 'node:crypto';
import type { Container, KubeObject, Pod, PodSpec, ServiceAccount, Volume } from './types.ts';

/** Where programs look for the token of their account. */
const mountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const namePrefix = 'kube-api-access-';
/** Clients of Kubernetes know tokens of this life, an hour and seven seconds, for those that were not asked for. */
const expirationSeconds = 3_607;

/** A new pod with what it gets of its account: the secrets for pulling images, unless it brings its own, and the token. */
export function withAccount<T extends KubeObject & Pod>(pod: T, account: ServiceAccount | undefined): T {
  const { imagePullSecrets = [] } = account ?? {};
  const needs = pod.spec !== undefined && !pod.spec.imagePullSecrets?.length && imagePullSecrets.length > 0;
  return withAccountVolume(needs ? { ...pod, spec: { ...pod.spec, imagePullSecrets } } : pod, account);
}

/**
 * A new pod with its account's token, the API's certificate and its namespace mounted where programs look for them,
 * unless pod or account say otherwise, or there is something already. The pod has its name by now: the volume's name
 * comes from it, so that the same pod always looks the same.
 */
export function withAccountVolume<T extends KubeObject & Pod>(pod: T, account: ServiceAccount | undefined): T {
  const { spec, metadata } = pod;
  const isWanted = spec?.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true;
  if (spec === undefined || !isWanted) return pod;
  const needs = ({ volumeMounts = [] }: Container): boolean =>
    !volumeMounts.some((mount) => mount.mountPath === mountPath);
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  if (!all.some(needs)) return pod;
  const volume = spec.volumes?.find(({ name }) => name.startsWith(namePrefix)) ?? newVolume(metadata.name);
  const mounted = (container: Container): Container => {
    if (!needs(container)) return container;
    const mount = { name: volume.name, readOnly: true, mountPath };
    return { ...container, volumeMounts: [...(container.volumeMounts ?? []), mount] };
  };
  const volumes = [...(spec.volumes ?? []).filter((each) => each !== volume), volume];
  const containers: Partial<PodSpec> = {
    containers: spec.containers.map(mounted),
    ...(spec.initContainers && { initContainers: spec.initContainers.map(mounted) }),
  };
  return { ...pod, spec: { ...spec, volumes, ...containers } };
}

function newVolume(podName: string): Volume {
  const suffix = createHash('sha256').update(podName).digest('hex').slice(0, 5);
  const namespace = { path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } };
  return {
    name: namePrefix + suffix,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [namespace] } },
      ],
    },
  };
}
