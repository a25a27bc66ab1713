import type { KubeObject, PodSpec, Volume } from './types.ts';

/** A place in a volume where a token of the pod's ServiceAccount is to be. */
export type TokenSource = NonNullable<
  NonNullable<NonNullable<Volume['projected']>['sources']>[number]['serviceAccountToken']
>;

/** The tokens of one pod as its node gets them, under the key `tokens/<namespace>/<pod>`. It is nowhere stored. */
export interface PodTokens extends KubeObject {
  /** By `tokenKey`. */
  tokens: Readonly<Record<string, string>>;
}

/** How long a token lives that says nothing of it, in seconds. */
export const defaultTokenSeconds = 3_600;

/** What tells the tokens of one pod apart: whom they are for and how long. */
export function tokenKey({ audience = '', expirationSeconds = defaultTokenSeconds }: TokenSource): string {
  return `${expirationSeconds} ${audience}`;
}

/** The tokens that volumes of a pod ask for. */
export function tokenSources(spec: Pick<PodSpec, 'volumes'> | undefined): TokenSource[] {
  const projections = (spec?.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  return projections.flatMap(({ serviceAccountToken }) => serviceAccountToken ?? []);
}
