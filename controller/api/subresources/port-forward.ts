import { ApiError } from '../../../shared/errors.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { Reply } from '../http/reply.ts';
import { WebSocketLink } from '../http/web-socket-link.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { findObject } from '../verbs/read.ts';
import { parsePort } from './forwarding.ts';
import { servePortChannels } from './port-channels.ts';
import { servePortStreams } from './port-streams.ts';
import { chooseTransport } from './transport.ts';

const tunnel = 'SPDY/3.1+portforward.k8s.io';
const protocols = {
  socket: [tunnel, 'v5.channel.k8s.io', 'v4.channel.k8s.io', 'v4.base64.channel.k8s.io', ''],
  spdy: ['portforward.k8s.io'],
} as const;
const maxPorts = 64;

/**
 * `pods/portforward`: TCP connections to a pod. kubectl opens two SPDY streams for each, on its own connection or in
 * the messages of a WebSocket; other clients name their ports in the query and have one connection to each.
 */
export function forwardPorts(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Reply {
  const pod = findObject<Stored<Pod>>(deps.store, target);
  if (!pod.spec?.nodeName || pod.status?.phase !== 'Running') {
    const phase = pod.status?.phase ?? 'Pending';
    throw new ApiError('BadRequest', `unable to forward port because pod is not running. Current status=${phase}`);
  }
  const { kind, protocol } = chooseTransport(request, protocols);
  if (kind === 'spdy') return { kind, protocol, serve: (link) => servePortStreams(deps, link, pod) };
  if (protocol === tunnel) {
    return { kind, protocol, serve: (socket) => servePortStreams(deps, new WebSocketLink(socket), pod) };
  }
  const ports = parsePorts(request.query.getAll('ports'));
  return { kind, protocol, serve: (socket) => servePortChannels(deps, socket, protocol, pod, ports) };
}

function parsePorts(values: readonly string[]): number[] {
  const ports = values.flatMap((value) => value.split(',')).map(parsePort);
  if (ports.length === 0) throw new ApiError('BadRequest', 'query parameter "ports" is required');
  if (ports.length > maxPorts) throw new ApiError('BadRequest', `more than ${maxPorts} ports in one request`);
  return ports;
}
