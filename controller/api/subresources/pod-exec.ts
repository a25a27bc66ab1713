import { ApiError } from '../../../shared/errors.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { SocketReply } from '../http/reply.ts';
import type { ExecRequest } from '../pod-streams.ts';
import type { ResourceTarget } from '../resource-path.ts';
import { findObject } from '../verbs/read.ts';
import { chooseContainer } from './container-choice.ts';
import { serveSession } from './session-socket.ts';

const protocols = ['v5.channel.k8s.io', 'v4.channel.k8s.io'] as const;

/**
 * `pods/exec` over WebSocket. What can be told from the store is refused before the upgrade; what goes wrong later
 * comes as the Status on the error channel, since a refused upgrade makes clients try again in another way.
 */
export function execInPod(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): SocketReply {
  const pod = findObject<Stored<Pod>>(deps.store, target);
  const exec = parseExec(request, pod);
  checkRunning(pod, exec.container);
  const protocol = chooseProtocol(request);
  return {
    kind: 'socket',
    protocol,
    serve: (socket) => serveSession(deps, socket, (signal) => deps.podExec.exec(pod, exec, signal)),
  };
}

function parseExec(request: ApiRequest, pod: Stored<Pod>): ExecRequest {
  const container = chooseContainer(pod, request.query.get('container'));
  const command = request.query.getAll('command');
  if (command.length === 0) throw new ApiError('BadRequest', 'you must specify at least one command for the container');
  const tty = request.flag('tty');
  const channels = {
    stdin: request.flag('stdin'),
    stdout: request.flag('stdout'),
    // A terminal has one output.
    stderr: request.flag('stderr') && !tty,
  };
  if (!channels.stdin && !channels.stdout && !channels.stderr) {
    throw new ApiError('BadRequest', 'you must specify at least 1 of stdin, stdout, stderr');
  }
  return { container, command, tty, ...channels };
}

function checkRunning({ metadata, spec, status }: Stored<Pod>, container: string): void {
  if (!spec?.nodeName) throw new ApiError('BadRequest', `pod ${metadata.name} does not have a host assigned`);
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') {
    const why = `cannot exec into a container in a completed pod; current phase is ${status.phase}`;
    throw new ApiError('BadRequest', why);
  }
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  if (all.find(({ name }) => name === container)?.state?.running === undefined) {
    throw new ApiError('BadRequest', `container ${container} of pod ${metadata.name} is not running`);
  }
}

function chooseProtocol({ headers, method }: ApiRequest): string {
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') {
    throw new ApiError('BadRequest', 'Upgrade request required');
  }
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  const protocol = protocols.find((known) => offered.includes(known));
  if (protocol === undefined) {
    throw new ApiError('BadRequest', `none of the WebSocket subprotocols is one of ${protocols.join(', ')}`);
  }
  return protocol;
}
