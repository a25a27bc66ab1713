import { ApiError } from '../../../shared/errors.ts';
import type { LogQuery } from '../../../shared/logs.ts';
import type { Pod, Stored } from '../../../shared/objects/types.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { Reply } from '../http/reply.ts';
import { notFound, type ResourceTarget } from '../resource-path.ts';
import { chooseContainer } from './container-choice.ts';

/** A person may read a log in a pager, which takes no more than it shows. What waits meanwhile is bounded. */
const readerPatienceMs = 3_600_000;

/** GET of `pods/log`: of a pod in the store, or, from history, of one that is gone. */
export async function readPodLog(deps: ApiDeps, request: ApiRequest, target: ResourceTarget): Promise<Reply> {
  const { info, namespace, name = '' } = target;
  const query = parseLogQuery(request, deps.clock.now());
  const container = request.query.get('container');
  const pod = deps.store.get<Stored<Pod>>('pods', namespace, name);
  const chunks =
    pod === undefined
      ? await deps.podLogs.readDeleted(namespace, name, container ?? undefined, query, request.signal)
      : await deps.podLogs.read(pod, chooseContainer(pod, container), query, request.signal);
  if (chunks === undefined) throw notFound(info, name);
  return { kind: 'stream', contentType: 'text/plain', chunks, patienceMs: readerPatienceMs };
}

function parseLogQuery(request: ApiRequest, now: number): LogQuery {
  const sinceSeconds = positive(request, 'sinceSeconds');
  const sinceTime = request.query.get('sinceTime') || undefined;
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    throw new ApiError('BadRequest', 'at most one of sinceTime or sinceSeconds may be specified');
  }
  if (sinceTime !== undefined && !isRfc3339(sinceTime)) {
    throw new ApiError('BadRequest', `sinceTime ${JSON.stringify(sinceTime)} is not an RFC 3339 time`);
  }
  const since =
    sinceSeconds === undefined ? sinceTime : new Date(Math.max(0, now - sinceSeconds * 1_000)).toISOString();
  const tailLines = request.count('tailLines');
  const limitBytes = positive(request, 'limitBytes');
  return {
    follow: request.flag('follow'),
    previous: request.flag('previous'),
    timestamps: request.flag('timestamps'),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(since !== undefined && { sinceTime: since }),
  };
}

function positive(request: ApiRequest, name: string): number | undefined {
  const value = request.count(name);
  if (value === 0) throw new ApiError('BadRequest', `${name} must be greater than 0`);
  return value;
}

function isRfc3339(text: string): boolean {
  const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;
  return shape.test(text) && !Number.isNaN(Date.parse(text));
}
