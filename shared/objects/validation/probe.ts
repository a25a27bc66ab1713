import type { Cause } from '../../errors.ts';
import type { Container, Probe } from '../types.ts';
import { eachOf, forbidden, invalid, required } from './causes.ts';
import { atLeast, between, portName, portNumber } from './formats.ts';

type Hook = NonNullable<NonNullable<Container['lifecycle']>['preStop']>;
type Handler = Omit<Hook, 'sleep'> & { sleep?: { seconds: number }; grpc?: Probe['grpc'] };

const handlers = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const;

/** Checks the probes and hooks of a container; `isInit` is one that must end before others start. */
export function probesCauses(container: Container, path: string, isInit: boolean): Cause[] {
  const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;
  const causes = probes.flatMap((name) => {
    const probe = container[name];
    if (!probe) return [];
    if (isInit)
      return [forbidden(`${path}.${name}`, 'may not be set for init containers without restartPolicy=Always')];
    return probeCauses(probe, `${path}.${name}`, name === 'readinessProbe');
  });
  return [...causes, ...hookCauses(container, path, isInit)];
}

function hookCauses({ lifecycle }: Container, path: string, isInit: boolean): Cause[] {
  if (!lifecycle) return [];
  if (isInit)
    return [forbidden(`${path}.lifecycle`, 'may not be set for init containers without restartPolicy=Always')];
  return (['postStart', 'preStop'] as const).flatMap((name) => {
    const hook = lifecycle[name];
    return hook ? handlerCauses(hook, `${path}.lifecycle.${name}`) : [];
  });
}

function probeCauses(probe: Probe, path: string, isReadiness: boolean): Cause[] {
  const counts = [
    'initialDelaySeconds',
    'timeoutSeconds',
    'periodSeconds',
    'successThreshold',
    'failureThreshold',
  ] as const;
  const causes = [
    ...handlerCauses(probe, path),
    ...counts.flatMap((name) => atLeast(probe[name], `${path}.${name}`, 0)),
    ...atLeast(probe.terminationGracePeriodSeconds, `${path}.terminationGracePeriodSeconds`, 1),
  ];
  if (!isReadiness && (probe.successThreshold ?? 1) > 1) {
    causes.push(invalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1'));
  }
  if (isReadiness && probe.terminationGracePeriodSeconds !== undefined) {
    const field = `${path}.terminationGracePeriodSeconds`;
    causes.push(invalid(field, probe.terminationGracePeriodSeconds, 'must not be set for readinessProbes'));
  }
  return causes;
}

function handlerCauses(handler: Handler, path: string): Cause[] {
  const [first, ...more] = handlers.filter((name) => handler[name] !== undefined);
  if (!first) return [required(path, 'must specify a handler type')];
  if (more.length > 0)
    return more.map((name) => forbidden(`${path}.${name}`, 'may not specify more than 1 handler type'));
  switch (first) {
    case 'exec': {
      const isEmpty = (handler.exec?.command ?? []).length === 0;
      return isEmpty ? [required(`${path}.exec.command`)] : [];
    }
    case 'httpGet':
      return httpCauses(handler.httpGet, `${path}.httpGet`);
    case 'tcpSocket':
      return portCauses(handler.tcpSocket?.port, `${path}.tcpSocket.port`);
    case 'grpc':
      return portNumber(handler.grpc?.port, `${path}.grpc.port`);
    case 'sleep':
      return between(handler.sleep?.seconds, `${path}.sleep.seconds`, 0, 2 ** 31 - 1);
  }
}

function httpCauses(httpGet: Probe['httpGet'], path: string): Cause[] {
  const isToken = (name: string): boolean => /^[-A-Za-z0-9!#$%&'*+.^_`|~]*$/.test(name);
  const headers = eachOf(httpGet?.httpHeaders, `${path}.httpHeaders`, ({ name, value }, field) => [
    ...(isToken(name ?? '')
      ? []
      : [invalid(`${field}.name`, name, "a valid HTTP header must consist of alphanumeric characters or '-'")]),
    ...(/[\r\n]/.test(value ?? '') ? [invalid(`${field}.value`, value, 'must not contain line breaks')] : []),
  ]);
  return [...portCauses(httpGet?.port, `${path}.port`), ...headers];
}

function portCauses(port: number | string | undefined, field: string): Cause[] {
  return typeof port === 'string' ? portName(port, field) : portNumber(port, field);
}
