import { randomInt } from 'node:crypto';
import type { Container, PodSpec } from '../../shared/objects/types.ts';
import type { ApiOptions } from '../client/session.ts';
import { parsePair } from '../key-values.ts';

export const profiles = ['general', 'baseline', 'restricted', 'netadmin', 'sysadmin', 'legacy'] as const;

export interface DebugOptions extends ApiOptions {
  image?: string;
  container?: string;
  target?: string;
  env?: string[];
  imagePullPolicy?: string;
  argumentsOnly?: boolean;
  profile: (typeof profiles)[number];
  attach?: boolean;
  stdin?: boolean;
  tty?: boolean;
  quiet?: boolean;
  copyTo?: string;
  replace?: boolean;
  sameNode?: boolean;
  setImage?: string[];
  shareProcesses?: boolean;
  keepLabels?: boolean;
  keepAnnotations?: boolean;
  keepLiveness?: boolean;
  keepReadiness?: boolean;
  keepStartup?: boolean;
  keepInitContainers?: boolean;
}

type Context = Container['securityContext'];

/** What each profile makes of the rights of a container: kubectl's profiles. */
const rightsOf: Record<DebugOptions['profile'], (before: Context) => Context> = {
  general: (before) => withCapabilities(before, ['SYS_PTRACE']),
  baseline: () => undefined,
  restricted: () => ({
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  }),
  netadmin: (before) => withCapabilities(before, ['NET_ADMIN', 'NET_RAW']),
  sysadmin: (before) => ({ ...before, privileged: true }),
  legacy: (before) => before,
};

function withCapabilities(before: Context, names: string[]): Context {
  const add = [...new Set([...(before?.capabilities?.add ?? []), ...names])];
  return { ...before, capabilities: { ...before?.capabilities, add } };
}

/** A container as words and flags change it; `before` is a new one's name, or all of one that is there. */
export function debugContainer<C extends Partial<Container> & { name: string }>(
  before: C,
  words: string[],
  { image = before.image, env, imagePullPolicy, argumentsOnly, profile, stdin, tty }: DebugOptions,
): C {
  return {
    ...before,
    image,
    ...(words.length > 0 && (argumentsOnly === true ? { args: words } : { command: words, args: undefined })),
    ...(env !== undefined && { env: env.map(parsePair).map(([name, value]) => ({ name, value })) }),
    ...(imagePullPolicy !== undefined && { imagePullPolicy }),
    stdin,
    tty,
    securityContext: rightsOf[profile](before.securityContext),
  };
}

/** What a pod that opens its node has: the namespaces of the host, its files at `/host`, as far as the profile lets it. */
export function openHost(profile: DebugOptions['profile'], made: Container): PodSpec {
  // The namespaces of the host are enough to trace its processes.
  const container = profile === 'general' ? { ...made, securityContext: undefined } : made;
  if (profile === 'baseline' || profile === 'restricted') return { containers: [container] };
  const namespaces = { hostNetwork: true, hostPID: true, hostIPC: true };
  if (profile === 'netadmin') return { ...namespaces, containers: [container] };
  const name = 'host-root';
  return {
    ...namespaces,
    containers: [{ ...container, volumeMounts: [{ name, mountPath: '/host' }] }],
    volumes: [{ name, hostPath: { path: '/' } }],
  };
}

/** The name that was asked for, or one of its own, which is told of. */
export function debugContainerName({ container, quiet }: DebugOptions): string {
  if (container !== undefined) return container;
  const name = `debugger-${randomSuffix()}`;
  if (quiet !== true) process.stderr.write(`Defaulting debug container name to ${name}.\n`);
  return name;
}

/** Five letters and digits, as names of one-off objects end. */
export function randomSuffix(): string {
  return randomInt(36 ** 5)
    .toString(36)
    .padStart(5, '0');
}
