import { ApiError } from '../../../shared/errors.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { Reply } from '../http/reply.ts';
import type { SessionChannels } from '../pod-streams.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { findObject } from '../verbs/read.ts';
import { chooseContainer } from './container-choice.ts';
import { serveSession, type OpenSession } from './session-socket.ts';
import { serveSpdySession } from './session-spdy.ts';
import { chooseTransport } from './transport.ts';

const protocols = {
  socket: [
    'v5.channel.k8s.io',
    'v4.channel.k8s.io',
    'v4.base64.channel.k8s.io',
    'channel.k8s.io',
    'base64.channel.k8s.io',
    '',
  ],
  spdy: ['v4.channel.k8s.io'],
} as const;

/**
 * `pods/exec` over WebSocket or SPDY. What can be told from the store is refused before the upgrade; what goes wrong
 * later comes as the Status on the error channel, since a refused upgrade makes clients try again in another way.
 */
export function execInPod(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Reply {
  const pod = findObject<Stored<Pod>>(deps.store, target);
  const container = chooseContainer(pod, request.query.get('container'));
  const command = request.query.getAll('command');
  if (command.length === 0) throw new ApiError('BadRequest', 'you must specify at least one command for the container');
  const channels = parseChannels(request);
  checkRunning(pod, container, 'exec into');
  return sessionReply(deps, request, channels, (signal) =>
    deps.podExec.exec(pod, { container, command, ...channels }, signal),
  );
}

/** `pods/attach`: the same with the container's own process. */
export function attachToPod(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Reply {
  const pod = findObject<Stored<Pod>>(deps.store, target);
  const container = chooseContainer(pod, request.query.get('container'));
  const channels = parseChannels(request);
  checkRunning(pod, container, 'attach to');
  return sessionReply(deps, request, channels, (signal) =>
    deps.podExec.attach(pod, { container, ...channels }, signal),
  );
}

function sessionReply(deps: ApiDeps, request: ApiRequest, channels: SessionChannels, open: OpenSession): Reply {
  const { kind, protocol } = chooseTransport(request, protocols);
  if (kind === 'socket') return { kind, protocol, serve: (socket) => serveSession(socket, protocol, open) };
  return { kind, protocol, serve: (link) => serveSpdySession(deps, link, channels, open) };
}

function parseChannels(request: ApiRequest): SessionChannels {
  const tty = request.flag('tty');
  const channels = {
    tty,
    stdin: request.flag('stdin'),
    stdout: request.flag('stdout'),
    // A terminal has one output.
    stderr: request.flag('stderr') && !tty,
  };
  if (!channels.stdin && !channels.stdout && !channels.stderr) {
    throw new ApiError('BadRequest', 'you must specify at least 1 of stdin, stdout, stderr');
  }
  return channels;
}

function checkRunning({ metadata, spec, status }: Stored<Pod>, container: string, what: string): void {
  if (!spec?.nodeName) throw new ApiError('BadRequest', `pod ${metadata.name} does not have a host assigned`);
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') {
    const why = `cannot ${what} a container in a completed pod; current phase is ${status.phase}`;
    throw new ApiError('BadRequest', why);
  }
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = status ?? {};
  const all = [...containerStatuses, ...initContainerStatuses, ...ephemeralContainerStatuses];
  if (all.find(({ name }) => name === container)?.state?.running === undefined) {
    throw new ApiError('BadRequest', `container ${container} of pod ${metadata.name} is not running`);
  }
}
