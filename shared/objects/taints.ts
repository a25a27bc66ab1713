import type { Taint, Toleration } from './types.ts';

/** How long pods stay bound to a node that is lost or not ready, unless they say otherwise (Kubernetes' own number). */
export const defaultTolerationSeconds = 300;

/** Says whether a toleration covers a taint. Without an effect it covers all effects, without a key all keys. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = 'Equal', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key === '') return operator === 'Exists';
  return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''));
}

/** The taints of these that no toleration covers. */
export function untolerated(taints: readonly Taint[], tolerations: readonly Toleration[] | undefined): Taint[] {
  return taints.filter((taint) => !(tolerations ?? []).some((toleration) => tolerates(toleration, taint)));
}
