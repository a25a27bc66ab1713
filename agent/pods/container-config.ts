import { ApiError } from '../../shared/errors.ts';
import type { Container, Pod, Stored, VolumeMount } from '../../shared/objects/types.ts';
import type { ImageRecord } from '../images/image-service.ts';
import type { ContainerConfig, ContainerId, Mount, SandboxId } from '../runtime/driver.ts';
import type { Volumes } from '../volumes/volumes.ts';
import { type ContainerEnv, type EnvSources, containerEnv } from './env.ts';
import { expand } from './expand.ts';
import { specOf } from './pod-view.ts';
import { resourcesOf } from './resources.ts';
import { hostnameOf, identityOf } from './sandbox-config.ts';
import { securityOf } from './security.ts';
import { specHashOf } from './spec-hash.ts';

/** What a container is made from besides its spec. */
export interface ContainerFacts extends EnvSources {
  sandbox: SandboxId;
  attempt: number;
  image: ImageRecord;
  logPath: string;
  /** File on the host that the container finds at its terminationMessagePath. */
  terminationLog: string;
  nodeMemoryBytes: number;
  volumes: Volumes;
  /** A running container whose processes this one is to see. */
  sharesPidsOf?: ContainerId;
}

/** Everything a runtime needs to make a container. Throws NotFound, with the words of a config error, when something is missing. */
export async function containerConfig(
  pod: Stored<Pod>,
  container: Container,
  facts: ContainerFacts,
): Promise<{ config: ContainerConfig; skipped: ContainerEnv['skipped'] }> {
  const spec = specOf(pod);
  const { variables, skipped } = containerEnv(pod, container, facts);
  const expanded = (text: string): string => expand(text, (name) => variables.get(name));
  const env = [{ name: 'HOSTNAME', value: hostnameOf(pod) }];
  const config: ContainerConfig = {
    sandbox: facts.sandbox,
    pod: identityOf(pod),
    name: container.name,
    attempt: facts.attempt,
    imageId: facts.image.id,
    image: container.image ?? '',
    env: [...env, ...[...variables].map(([name, value]) => ({ name, value }))],
    mounts: await mountsOf(pod, container, variables, facts),
    security: securityOf(pod, container, facts.image),
    resources: resourcesOf(spec, container, facts.nodeMemoryBytes),
    tty: container.tty ?? false,
    stdin: container.stdin ?? false,
    stdinOnce: takesInputOnce(pod, container),
    logPath: facts.logPath,
    specHash: specHashOf(container),
    ...(facts.sharesPidsOf && { sharesPidsOf: facts.sharesPidsOf }),
  };
  if (container.command !== undefined && container.command.length > 0) config.command = container.command.map(expanded);
  if (container.args !== undefined && container.args.length > 0) config.args = container.args.map(expanded);
  if (container.workingDir !== undefined && container.workingDir !== '') config.workingDir = container.workingDir;
  return { config, skipped };
}

/**
 * kubectl debug never asks for it. The input of its containers is a pipe or a terminal, and a pipe that has ended must
 * end what reads it.
 */
function takesInputOnce(pod: Stored<Pod>, { name, stdinOnce = false, tty = false }: Container): boolean {
  const isDebug = specOf(pod).ephemeralContainers?.some((each) => each.name === name) ?? false;
  return stdinOnce || (isDebug && !tty);
}

async function mountsOf(
  pod: Stored<Pod>,
  container: Container,
  variables: ReadonlyMap<string, string>,
  facts: ContainerFacts,
): Promise<Mount[]> {
  const mounts: Mount[] = [];
  const hostPaths = await facts.volumes.prepare(pod);
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const volumePath = hostPaths.get(mount.name);
    if (volumePath === undefined) throw new ApiError('NotFound', `volume "${mount.name}" not found`);
    const path = mount.subPathExpr === undefined ? mount.subPath : expandWhole(mount.subPathExpr, variables);
    const sub = { podUid: pod.metadata.uid, volume: mount.name, container: container.name, index };
    mounts.push({
      containerPath: mount.mountPath,
      hostPath: path === undefined || path === '' ? volumePath : await facts.volumes.subPath({ ...sub, path }),
      readOnly: isRecursive(mount) ? 'recursive' : (mount.readOnly ?? false) || isReadOnlyVolume(pod, mount.name),
      propagation: propagationOf(mount.mountPropagation),
    });
  }
  const message = container.terminationMessagePath ?? '/dev/termination-log';
  if (message !== '') {
    mounts.push({
      containerPath: message,
      hostPath: facts.terminationLog,
      readOnly: false,
      propagation: 'private',
    });
  }
  return mounts;
}

/** Whether what is mounted below the volume is to be read-only too: every kernel that Berth runs on can do it. */
function isRecursive({ recursiveReadOnly = 'Disabled' }: VolumeMount): boolean {
  return recursiveReadOnly !== 'Disabled';
}

/** What Berth writes itself is read-only for everybody else, as in Kubernetes. */
function isReadOnlyVolume(pod: Stored<Pod>, name: string): boolean {
  const volume = specOf(pod).volumes?.find((candidate) => candidate.name === name);
  return (
    volume?.configMap !== undefined ||
    volume?.secret !== undefined ||
    volume?.downwardAPI !== undefined ||
    volume?.projected !== undefined
  );
}

/** A sub path with an unknown variable is a mistake: a literal `$(NAME)` directory helps nobody. */
function expandWhole(text: string, variables: ReadonlyMap<string, string>): string {
  const missing: string[] = [];
  const path = expand(text, (name) => {
    const value = variables.get(name);
    if (value === undefined) missing.push(name);
    return value ?? '';
  });
  if (missing.length > 0) throw new ApiError('NotFound', `missing value for "${missing.join('", "')}"`);
  return path;
}

function propagationOf(mode: string | undefined): Mount['propagation'] {
  if (mode === 'HostToContainer') return 'hostToContainer';
  return mode === 'Bidirectional' ? 'bidirectional' : 'private';
}
