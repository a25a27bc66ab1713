import { randomInt } from 'node:crypto';
import { ApiError } from '../../../../shared/errors.ts';
import { findCondition } from '../../../../shared/objects/conditions.ts';
import { selects } from '../../../../shared/objects/selector.ts';
import type { Pod, Service, Stored } from '../../../../shared/objects/types.ts';
import type { Store } from '../../../store/store.ts';
import { parsePort } from '../forwarding.ts';

/** A port of a pod. */
export interface ProxyTarget {
  pod: Stored<Pod>;
  port: number;
}

/** The port that a request for a pod means: without one the first that it declares, else 80. Throws BadRequest and ServiceUnavailable. */
export function targetOfPod(pod: Stored<Pod>, port: string): ProxyTarget {
  if (!isRunning(pod)) {
    const phase = pod.status?.phase ?? 'Pending';
    throw new ApiError('ServiceUnavailable', `pod ${JSON.stringify(pod.metadata.name)} is not running: it is ${phase}`);
  }
  if (port === '') return { pod, port: declaredPorts(pod)[0]?.containerPort ?? 80 };
  return { pod, port: namedPort(pod, port) ?? parsePort(port) };
}

/** A ready pod behind a service. Throws ServiceUnavailable when there is none, or no such port. */
export function targetOfService(store: Store, service: Stored<Service>, port: string): ProxyTarget {
  const { name, namespace = '' } = service.metadata;
  const ports = service.spec?.ports ?? [];
  const isMeant = (each: (typeof ports)[number]): boolean =>
    port === '' ? ports.length === 1 || !each.name : each.name === port || String(each.port) === port;
  const found = ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP').find(isMeant);
  if (found === undefined) {
    const what = `no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`;
    throw new ApiError('ServiceUnavailable', what);
  }
  const matchLabels = service.spec?.selector;
  const takesAll = service.spec?.publishNotReadyAddresses === true;
  const wanted = found.targetPort ?? found.port;
  const targets = store
    .list<Stored<Pod>>('pods', { namespace })
    .items.filter((pod) => matchLabels !== undefined && selects({ matchLabels }, pod.metadata.labels))
    .filter((pod) => isRunning(pod) && (takesAll || isReady(pod)))
    .flatMap((pod): ProxyTarget[] => {
      const number = typeof wanted === 'number' ? wanted : namedPort(pod, wanted);
      return number === undefined ? [] : [{ pod, port: number }];
    });
  const target = targets.length > 0 ? targets[randomInt(targets.length)] : undefined;
  if (target !== undefined) return target;
  throw new ApiError('ServiceUnavailable', `no endpoints available for service ${JSON.stringify(name)}`);
}

function isRunning({ spec, status }: Stored<Pod>): boolean {
  return status?.phase === 'Running' && (spec?.nodeName ?? '') !== '';
}

function isReady({ metadata, status }: Stored<Pod>): boolean {
  const isLeaving = metadata.deletionTimestamp !== undefined;
  return !isLeaving && findCondition(status?.conditions, 'Ready')?.status === 'True';
}

function declaredPorts({ spec }: Stored<Pod>): { name?: string; containerPort: number }[] {
  return (spec?.containers ?? []).flatMap(({ ports = [] }) => ports);
}

function namedPort(pod: Stored<Pod>, name: string): number | undefined {
  return declaredPorts(pod).find((port) => port.name === name)?.containerPort;
}
