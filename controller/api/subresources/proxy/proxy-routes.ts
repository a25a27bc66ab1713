import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { ApiError } from '../../../../shared/errors.ts';
import { findCondition } from '../../../../shared/objects/conditions.ts';
import type { KubeObject, Node, Pod, Service, Stored } from '../../../../shared/objects/types.ts';
import type { ApiDeps } from '../../deps.ts';
import type { ApiRequest } from '../../http/api-request.ts';
import { jsonReply, textReply, type Reply } from '../../http/reply.ts';
import { SessionConnection } from '../../http/session-connection.ts';
import type { ResourceTarget } from '../../resource-path.ts';
import { findObject } from '../../verbs/read.ts';
import { parseTargetName } from './target-name.ts';
import { targetOfPod, targetOfService, type ProxyTarget } from './proxy-target.ts';

/** `pods/proxy` and `services/proxy`: a request to a server in a pod, over a session as port-forward has it. */
export function proxy(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Reply {
  const { info, namespace } = target;
  if (info.plural === 'nodes') return askNode(deps, request, target);
  const { scheme, name, port } = parseTargetName(target.name ?? '', info.singular);
  const named = { ...target, name };
  const { path, query } = request.proxied;
  const prefix = `/api/v1/namespaces/${namespace}/${info.plural}/${encodeURIComponent(target.name ?? '')}/proxy`;
  // Links of a page are below the path that it is read from.
  if (path === '' && (request.method === 'GET' || request.method === 'HEAD') && !request.headers.upgrade) {
    const headers = { Location: `${prefix}/${query}` };
    return { kind: 'bytes', code: 301, body: '', contentType: 'text/plain', headers };
  }
  const found =
    info.plural === 'pods'
      ? targetOfPod(findObject<Stored<Pod>>(deps.store, named), port)
      : targetOfService(deps.store, findObject<Stored<Service>>(deps.store, named), port);
  return {
    kind: 'relay',
    path: `${path === '' ? '/' : path}${query}`,
    prefix,
    connect: () => connectTo(deps, found, scheme, request.signal),
  };
}

/** Certificates in pods are their own affair: nobody else has signed them, in Kubernetes neither. */
async function connectTo(
  { podExec }: ApiDeps,
  { pod, port }: ProxyTarget,
  scheme: 'http' | 'https',
  signal: AbortSignal,
): Promise<Duplex> {
  const connection = new SessionConnection(await podExec.forward(pod, port, signal));
  if (scheme === 'http') return connection;
  const secured = connectTls({ socket: connection, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] });
  secured.once('close', () => connection.destroy());
  return secured;
}

/** Agents listen on nothing: what is known of a node without asking it is answered, the rest is not there. */
function askNode({ store }: ApiDeps, request: ApiRequest, target: ResourceTarget): Reply {
  const { name } = parseTargetName(target.name ?? '', 'node');
  const node = findObject<Stored<Node>>(store, { ...target, name });
  const path = request.proxied.path.replace(/\/+$/, '');
  if (request.method === 'GET' && path === '/healthz') return healthOf(node);
  if (request.method === 'GET' && path === '/pods') {
    const items = store.list<KubeObject & Pod>('pods').items.filter(({ spec }) => spec?.nodeName === name);
    return jsonReply(200, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items });
  }
  const why = `node ${JSON.stringify(name)} serves no ${path === '' ? '/' : path}: agents listen on nothing; /healthz and /pods are answered`;
  throw new ApiError('NotFound', why, { name, kind: 'nodes' });
}

function healthOf({ metadata, status }: Stored<Node>): Reply {
  if (findCondition(status?.conditions, 'Ready')?.status === 'True') return textReply(200, 'ok');
  throw new ApiError('ServiceUnavailable', `node ${JSON.stringify(metadata.name)} is not ready`);
}
