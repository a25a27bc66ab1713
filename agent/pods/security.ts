import { ApiError } from '../../shared/errors.ts';
import { appArmorAnnotation } from '../../shared/objects/pod-fields.ts';
import type { Container, Pod, PodSpec, Stored } from '../../shared/objects/types.ts';
import type { ImageRecord } from '../images/image-service.ts';
import type { ContainerSecurity } from '../runtime/driver.ts';
import { specOf } from './pod-view.ts';

type PodContext = NonNullable<PodSpec['securityContext']> & { supplementalGroupsPolicy?: string };

interface Profile {
  type: string;
  localhostProfile?: string;
}

/** The security context of a container over that of its pod. Throws NotFound (a config error) when the user may not be root and is. */
export function securityOf(pod: Stored<Pod>, container: Container, image: ImageRecord): ContainerSecurity {
  const ofPod: PodContext = specOf(pod).securityContext ?? {};
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
    allowPrivilegeEscalation: own.allowPrivilegeEscalation ?? true,
    seccomp: seccompOf(own.seccompProfile ?? ofPod.seccompProfile, privileged),
    isGroupListStrict: ofPod.supplementalGroupsPolicy === 'Strict',
    hasSeLinuxOptions: [own.seLinuxOptions, ofPod.seLinuxOptions].some((options) =>
      Object.values(options ?? {}).some(Boolean),
    ),
    isProcUnmasked: own.procMount === 'Unmasked',
  };
  const appArmor = own.appArmorProfile ?? annotatedProfile(pod, container.name) ?? ofPod.appArmorProfile;
  if (appArmor !== undefined) security.appArmor = appArmorOf(appArmor);
  if (runAsUser !== undefined) security.runAsUser = runAsUser;
  if (runAsGroup !== undefined) security.runAsGroup = runAsGroup;
  const problem = rootProblem(security, image);
  if (problem === undefined) return security;
  const { name, namespace = 'default', uid } = pod.metadata;
  const where = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
  throw new ApiError('NotFound', `${problem} ${where}`);
}

/** As pods said it before there was a field. */
function annotatedProfile({ metadata }: Stored<Pod>, container: string): Profile | undefined {
  const value = metadata.annotations?.[`${appArmorAnnotation}${container}`] ?? '';
  if (value === 'runtime/default') return { type: 'RuntimeDefault' };
  if (value === 'unconfined') return { type: 'Unconfined' };
  return value === '' ? undefined : { type: 'Localhost', localhostProfile: value.replace(/^localhost\//, '') };
}

function appArmorOf({ type, localhostProfile = '' }: Profile): NonNullable<ContainerSecurity['appArmor']> {
  if (type === 'Localhost') return { type, profile: localhostProfile };
  return { type: type === 'Unconfined' ? type : 'RuntimeDefault' };
}

function seccompOf(profile: Profile | undefined, privileged: boolean): ContainerSecurity['seccomp'] {
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
