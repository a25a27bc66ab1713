import type { ProbeAction, ProbeTarget } from './prober.ts';
import { urlOf } from './http-probe.ts';
import { messageOf } from '../../shared/errors.ts';
import { portNumber } from './port.ts';
import { TimeLimitError } from './time-limit.ts';

const errnoWords: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset by peer',
  EHOSTUNREACH: 'no route to host',
  ENETUNREACH: 'network is unreachable',
  ETIMEDOUT: 'connection timed out',
  EPIPE: 'broken pipe',
};

/** What went wrong with a probe, as the kubelet's libraries would say it: people and scripts look for that in events. */
export function probeWords(action: ProbeAction, target: ProbeTarget, timeoutMs: number, error: unknown): string {
  const { httpGet, tcpSocket, grpc } = action;
  const { container, ip } = target;
  try {
    if (httpGet !== undefined) {
      const url = urlOf(httpGet, container, ip);
      const shown = url.href.replace(
        /^([a-z]+:\/\/)([^/:]+)(?=\/)/,
        `$1$2:${String(portNumber(httpGet.port, container))}`,
      );
      return `Get "${shown}": ${httpWords(url.hostname, portNumber(httpGet.port, container), error)}`;
    }
    if (tcpSocket !== undefined) {
      const port = portNumber(tcpSocket.port, container);
      if (error instanceof TimeLimitError) return `dial tcp ${tcpSocket.host ?? ip}:${String(port)}: i/o timeout`;
      return connectWords(tcpSocket.host ?? ip, port, error);
    }
    return grpc === undefined ? messageOf(error) : grpcWords(`${ip}:${String(grpc.port)}`, timeoutMs, error);
  } catch (problem) {
    return messageOf(problem); // of a port that the container does not have
  }
}

function httpWords(host: string, port: number, error: unknown): string {
  if (error instanceof TimeLimitError) {
    return 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
  }
  const { code, syscall } = systemPart(error);
  if (code === 'ECONNRESET' && syscall === '') return 'EOF';
  if (code.startsWith('HPE_')) return 'net/http: HTTP/1.x transport connection broken: malformed HTTP response';
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER') {
    return 'http: server gave HTTP response to HTTPS client';
  }
  return connectWords(host, port, error);
}

function connectWords(host: string, port: number, error: unknown): string {
  const { code, syscall } = systemPart(error);
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${host}: no such host`;
  const words = errnoWords[code];
  if (words === undefined) return messageOf(error);
  return syscall === 'connect' ? `dial tcp ${host}:${String(port)}: connect: ${words}` : `${syscall}: ${words}`;
}

/** A refused connection is tried again until the time is over. */
function grpcWords(address: string, timeoutMs: number, error: unknown): string {
  const limit = `${String(timeoutMs / 1000)}s`;
  if (error instanceof TimeLimitError) return `timeout: health rpc did not complete within ${limit}`;
  if (systemPart(error).syscall === 'connect') {
    return `timeout: failed to connect service "${address}" within ${limit}: context deadline exceeded`;
  }
  return `error: ${messageOf(error)}`;
}

/** Of an error of a system call, or of the first of several. */
function systemPart(error: unknown): { code: string; syscall: string } {
  if (error instanceof AggregateError) return systemPart(error.errors[0]);
  const { code, syscall } = (error ?? {}) as { code?: unknown; syscall?: unknown };
  return { code: typeof code === 'string' ? code : '', syscall: typeof syscall === 'string' ? syscall : '' };
}
