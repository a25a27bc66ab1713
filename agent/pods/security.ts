import { ApiError } from '../../shared/errors.ts';
import type { Container, Pod, Stored } from '../../shared/objects/types.ts';
import type { ImageRecord } from '../images/image-service.ts';
import type { ContainerSecurity } from '../runtime/driver.ts';
import { specOf } from './pod-view.ts';

/** The security context of a container over that of its pod. Throws NotFound (a config error) when the user may not be root and is. */
export function securityOf(pod: Stored<Pod>, container: Container, image: ImageRecord): ContainerSecurity {
  const ofPod = specOf(pod).securityContext ?? {};
  const own = container.securityContext ?? {};
  const runAsUser = own.runAsUser ?? ofPod.runAsUser;
  const runAsGroup = own.runAsGroup ?? ofPod.runAsGroup;
  const privileged = own.privileged ?? false;
  const addCapabilities = own.capabilities?.add ?? [];
  const security: ContainerSecurity = {
    privileged,
    runAsNonRoot: own.runAsNonRoot ?? ofPod.runAsNonRoot ?? false,
    supplementalGroups: [
      ...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup]),
      ...(ofPod.supplementalGroups ?? []),
    ].filter((group, index, all) => all.indexOf(group) === index),
    addCapabilities,
    dropCapabilities: own.capabilities?.drop ?? [],
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    allowPrivilegeEscalation:
      own.allowPrivilegeEscalation ?? (privileged || addCapabilities.some((name) => /^(CAP_)?SYS_ADMIN$/.test(name))),
    seccomp: seccompOf(own.seccompProfile ?? ofPod.seccompProfile, privileged),
  };
  if (runAsUser !== undefined) security.runAsUser = runAsUser;
  if (runAsGroup !== undefined) security.runAsGroup = runAsGroup;
  const problem = rootProblem(security, image);
  if (problem === undefined) return security;
  const { name, namespace = 'default', uid } = pod.metadata;
  const where = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
  throw new ApiError('NotFound', `${problem} ${where}`);
}

function seccompOf(
  profile: { type: string; localhostProfile?: string } | undefined,
  privileged: boolean,
): ContainerSecurity['seccomp'] {
  if (privileged || profile?.type === 'Unconfined') return { type: 'Unconfined' };
  if (profile?.type === 'Localhost') return { type: 'Localhost', path: profile.localhostProfile ?? '' };
  return { type: 'RuntimeDefault' };
}

/** As the kubelet says it; undefined when the container may run. */
function rootProblem({ runAsNonRoot, runAsUser }: ContainerSecurity, image: ImageRecord): string | undefined {
  if (!runAsNonRoot || (runAsUser !== undefined && runAsUser > 0)) return undefined;
  if (runAsUser === 0) return "container's runAsUser breaks non-root policy";
  const user = image.user.split(':')[0] ?? '';
  if (user === '' || user === 'root' || user === '0') return 'container has runAsNonRoot and image will run as root';
  if (/^[0-9]+$/.test(user)) return undefined;
  return `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root`;
}
