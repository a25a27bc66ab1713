import type {
  Container,
  ContainerState,
  ContainerStatus,
  EnvVar,
  Pod,
  PodSpec,
  PodTemplateSpec,
  Probe,
  Stored,
  Toleration,
  Volume,
} from '../../shared/objects/types.ts';
import { formatAge } from '../print/columns.ts';
import { pairs, type Sheet, type Value } from '../print/sheet.ts';

/** What matters of a pod, most wanted first. */
export function describePod({ metadata, spec, status = {} }: Stored<Pod>): Sheet {
  const { phase, reason, message, podIP, hostIP, startTime, qosClass } = status;
  const state = metadata.deletionTimestamp === undefined ? phase : `Terminating (since ${metadata.deletionTimestamp})`;
  return [
    ['Node', spec?.nodeName === undefined ? '<none>' : `${spec.nodeName}${hostIP === undefined ? '' : `/${hostIP}`}`],
    ['Started', formatTime(startTime)],
    ['Status', state],
    ['Reason', reason],
    ['Message', message],
    ['IP', podIP ?? '<none>'],
    [
      'Controlled By',
      metadata.ownerReferences?.filter((ref) => ref.controller).map((ref) => `${ref.kind}/${ref.name}`)[0],
    ],
    ['QoS Class', qosClass],
    ...describeSpec(spec, [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]),
    ['Conditions', describeConditions(status.conditions)],
  ];
}

/** A pod template: what its pods will be. */
export function describeTemplate({ metadata, spec }: PodTemplateSpec): Sheet {
  const annotations = pairs(metadata?.annotations, ': ');
  return [
    ['Labels', pairs(metadata?.labels)],
    ...(annotations.length > 0 ? ([['Annotations', annotations]] as const) : []),
    ...describeSpec(spec, []),
  ];
}

function describeSpec(spec: PodSpec | undefined, statuses: ContainerStatus[]): Sheet {
  const { initContainers = [], containers = [], volumes = [], serviceAccountName, nodeSelector } = spec ?? {};
  const all = (list: readonly Container[]): Value => ({
    below: list.map((container) => [
      container.name,
      {
        below: describeContainer(
          container,
          statuses.find(({ name }) => name === container.name),
        ),
      },
    ]),
  });
  return [
    ['Service Account', serviceAccountName],
    ['Restart Policy', spec?.restartPolicy],
    ['Node Selector', nodeSelector && pairs(nodeSelector)],
    ['Tolerations', spec?.tolerations?.map(describeToleration)],
    ['Init Containers', initContainers.length === 0 ? undefined : all(initContainers)],
    ['Containers', all(containers)],
    ['Volumes', volumes.length === 0 ? undefined : { rows: volumes.map(describeVolume) }],
  ];
}

function describeContainer(container: Container, status: ContainerStatus | undefined): Sheet {
  const { image, command, args, ports, env, envFrom, resources, volumeMounts, restartPolicy } = container;
  const probes: [string, Probe | undefined][] = [
    ['Liveness', container.livenessProbe],
    ['Readiness', container.readinessProbe],
    ['Startup', container.startupProbe],
  ];
  const sources = envFrom?.map(({ prefix = '', configMapRef, secretRef }) => {
    const source = configMapRef === undefined ? `Secret ${secretRef?.name}` : `ConfigMap ${configMapRef.name}`;
    return `${source}${prefix === '' ? '' : ` with prefix ${prefix}`}`;
  });
  return [
    ['Image', image],
    ['Image ID', status?.imageID || undefined],
    ['Container ID', status?.containerID],
    ['State', status && describeState(status.state)],
    [
      'Last State',
      status?.lastState && Object.keys(status.lastState).length > 0 ? describeState(status.lastState) : undefined,
    ],
    ['Ready', status?.ready],
    ['Restart Count', status?.restartCount],
    ['Restart Policy', restartPolicy],
    ['Command', command],
    ['Args', args],
    ['Ports', ports?.map((port) => describePort(port))],
    ['Limits', resources?.limits && pairs(resources.limits, ': ')],
    ['Requests', resources?.requests && pairs(resources.requests, ': ')],
    ...probes.map(([label, probe]): [string, Value] => [label, probe && describeProbe(probe)]),
    ['Environment From', sources],
    ['Environment', env?.map(describeEnv)],
    [
      'Mounts',
      volumeMounts?.map(
        (mount) => `${mount.mountPath} from ${mount.name}${mount.readOnly === true ? ' (ro)' : ' (rw)'}`,
      ),
    ],
  ];
}

function describePort({ name, containerPort, protocol, hostPort }: NonNullable<Container['ports']>[number]): string {
  const host = hostPort === undefined ? '' : ` on host port ${hostPort}`;
  return `${containerPort}/${protocol ?? 'TCP'}${name === undefined ? '' : ` (${name})`}${host}`;
}

function describeState(state: ContainerState | undefined): string[] {
  const { waiting, running, terminated } = state ?? {};
  if (running !== undefined) return [`Running since ${formatTime(running.startedAt) ?? 'unknown'}`];
  if (terminated !== undefined) {
    const { reason = '', exitCode, signal, startedAt, finishedAt, message } = terminated;
    const how = signal === undefined ? `exit code ${exitCode}` : `exit code ${exitCode}, signal ${signal}`;
    return [
      `Terminated: ${reason} (${how}), ${startedAt ?? '?'} to ${formatTime(finishedAt) ?? '?'}`,
      ...lines(message),
    ];
  }
  return [`Waiting${waiting?.reason === undefined ? '' : `: ${waiting.reason}`}`, ...lines(waiting?.message)];
}

function lines(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.trim().split('\n');
}

function describeProbe(probe: Probe): string {
  const { httpGet, tcpSocket, exec, grpc, periodSeconds, timeoutSeconds, initialDelaySeconds, failureThreshold } =
    probe;
  const what =
    (httpGet && `GET ${(httpGet.scheme ?? 'HTTP').toLowerCase()}://:${httpGet.port}${httpGet.path ?? '/'}`) ??
    (tcpSocket && `connect to port ${tcpSocket.port}`) ??
    (exec && `run ${JSON.stringify(exec.command ?? [])}`) ??
    `grpc on port ${grpc?.port}`;
  const delay = initialDelaySeconds === undefined ? '' : `after ${initialDelaySeconds}s, `;
  return `${what}, ${delay}every ${periodSeconds ?? 10}s, timeout ${timeoutSeconds ?? 1}s, ${failureThreshold ?? 3} failures`;
}

function describeEnv({ name, value, valueFrom }: EnvVar): string {
  if (valueFrom === undefined) return `${name}: ${value ?? ''}`;
  const { configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef } = valueFrom;
  if (configMapKeyRef !== undefined) return `${name}: key ${configMapKeyRef.key} of ConfigMap ${configMapKeyRef.name}`;
  if (secretKeyRef !== undefined) return `${name}: key ${secretKeyRef.key} of Secret ${secretKeyRef.name}`;
  return `${name}: ${fieldRef?.fieldPath ?? resourceFieldRef?.resource ?? ''} of the pod`;
}

function describeVolume(volume: Volume): string[] {
  const { name, configMap, secret, hostPath, emptyDir } = volume;
  if (configMap !== undefined) return [name, `ConfigMap ${configMap.name}`];
  if (secret !== undefined) return [name, `Secret ${secret.secretName}`];
  if (hostPath !== undefined) return [name, `host path ${hostPath.path}`];
  if (emptyDir !== undefined) return [name, `empty directory${emptyDir.medium === 'Memory' ? ' in memory' : ''}`];
  return [name, Object.keys(volume).filter((key) => key !== 'name')[0] ?? ''];
}

function describeToleration({ key, operator, value, effect, tolerationSeconds }: Toleration): string {
  const what = `${key ?? '*'}${operator === 'Exists' || value === undefined ? '' : `=${value}`}`;
  const until = tolerationSeconds === undefined ? '' : ` for ${tolerationSeconds}s`;
  return `${what}${effect === undefined ? '' : `:${effect}`}${until}`;
}

/** Conditions of any kind as rows. */
export function describeConditions(
  conditions: readonly {
    type: string;
    status: string;
    reason?: string;
    message?: string;
    lastTransitionTime?: string;
  }[] = [],
): Value {
  const rows = conditions.map(({ type, status, reason = '', message = '', lastTransitionTime }) => [
    type,
    status,
    formatAge(lastTransitionTime),
    reason,
    message,
  ]);
  return { rows: rows.length === 0 ? [] : [['TYPE', 'STATUS', 'SINCE', 'REASON', 'MESSAGE'], ...rows] };
}

/** A time with how long ago that was. */
export function formatTime(time: string | undefined): string | undefined {
  return time === undefined ? undefined : `${time} (${formatAge(time)} ago)`;
}
