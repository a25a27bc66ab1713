import type { Container, PodSpec } from '../../../shared/objects/types.ts';

type ContainerContext = NonNullable<Container['securityContext']>;
type PodContext = NonNullable<PodSpec['securityContext']>;

/** What a check sees of a pod, or of the template of one. */
export interface Subject {
  annotations: Readonly<Record<string, string>>;
  spec: PodSpec;
  pod: PodContext;
  /** Of all three lists. */
  containers: readonly CheckedContainer[];
  /** The version of the standards: 1.`minor`. */
  minor: number;
}

interface CheckedContainer {
  name: string;
  own: ContainerContext;
  container: Container;
}

/** One thing that a standard forbids, in Kubernetes' words: `hostPort`, `container "web" uses hostPort 80`. */
export interface Violation {
  reason: string;
  detail: string;
}

/** Pods whose users are not those of the host: with them, being root is harmless. */
export function hasOwnUsers({ spec, minor }: Subject): boolean {
  return minor >= 35 && spec.hostUsers === false;
}

/** Windows has none of what several checks ask for. */
export function isWindows({ spec, minor }: Subject): boolean {
  return minor >= 25 && spec.os?.name === 'windows';
}

export function namesWhere({ containers }: Subject, isWrong: (container: CheckedContainer) => boolean): string[] {
  return containers.filter(isWrong).map(({ name }) => name);
}

/** Who sets something wrong, in words: `pod`, `containers "a", "b"`. */
export function settersOf(
  subject: Subject,
  isWrong: (context: Pick<PodContext & ContainerContext, keyof PodContext & keyof ContainerContext>) => boolean,
): string[] {
  const names = namesWhere(subject, ({ own }) => isWrong(own));
  return [...(isWrong(subject.pod) ? ['pod'] : []), ...(names.length > 0 ? [containersNamed(names)] : [])];
}

/** Who sets a profile that does not confine, and which types of profile these are. */
export function wrongProfiles(
  subject: Subject,
  field: 'appArmorProfile' | 'seccompProfile',
): { setters: string[]; types: string[] } {
  const isWrong = (type: string | undefined): type is string =>
    type !== undefined && type !== 'RuntimeDefault' && type !== 'Localhost';
  const types = [subject.pod, ...subject.containers.map(({ own }) => own)].map((context) => context[field]?.type);
  return {
    setters: settersOf(subject, (context) => isWrong(context[field]?.type)),
    types: sorted(types.filter(isWrong)),
  };
}

/** What is wrong when only these capabilities may be added. */
export function capabilitiesBeside(subject: Subject, allowed: readonly string[]): string | undefined {
  const wrongOf = (own: ContainerContext): string[] =>
    (own.capabilities?.add ?? []).filter((name) => !allowed.includes(name));
  const names = namesWhere(subject, ({ own }) => wrongOf(own).length > 0);
  if (names.length === 0) return undefined;
  const wrong = sorted(subject.containers.flatMap(({ own }) => wrongOf(own)));
  return `${containersNamed(names)} must not include ${quoted(wrong)} in securityContext.capabilities.add`;
}

export function containersNamed(names: readonly string[]): string {
  return `${counted(names, 'container')} ${quoted(names)}`;
}

export function counted(items: readonly string[], noun: string): string {
  return items.length === 1 ? noun : `${noun}s`;
}

export function uses(items: readonly string[]): string {
  return items.length === 1 ? 'uses' : 'use';
}

export function quoted(items: readonly string[]): string {
  return items.map((item) => `"${item}"`).join(', ');
}

/** Each once. */
export function sorted(items: readonly string[]): string[] {
  return [...new Set(items)].sort();
}
