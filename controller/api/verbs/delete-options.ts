import { invalid, notSupported } from '../../../shared/objects/validation/causes.ts';
import type { DeleteOptions } from '../../store/deletion.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { readBody } from './codec.ts';
import { parseDryRun, refuseAny } from './write-options.ts';

const policies = ['Foreground', 'Background', 'Orphan'] as const;

export interface DeleteRequest {
  options: DeleteOptions;
  dryRun: boolean;
}

/** DeleteOptions as clients send them. */
export interface DeleteBody {
  gracePeriodSeconds?: number;
  preconditions?: { uid?: string; resourceVersion?: string };
  propagationPolicy?: string;
  orphanDependents?: boolean;
  dryRun?: string[];
}

/** What the body, or without one the query, says about a deletion. Throws BadRequest and Invalid. */
export async function readDeleteOptions(request: ApiRequest): Promise<DeleteRequest> {
  const body = await readBody<DeleteBody & { apiVersion: string; kind: string }>(request, 'DeleteOptions', 'Ignore');
  return parseDeleteOptions(request, body);
}

/** As `readDeleteOptions` for options that came in another body. */
export function parseDeleteOptions(request: ApiRequest, body: DeleteBody): DeleteRequest {
  const { query } = request;
  const gracePeriodSeconds = body.gracePeriodSeconds ?? request.count('gracePeriodSeconds');
  const orphan = body.orphanDependents?.toString() ?? query.get('orphanDependents') ?? '';
  const policy = body.propagationPolicy || query.get('propagationPolicy') || '';
  const propagationPolicy = policies.find((known) => known === (policy || orphanPolicy(orphan)));
  refuseAny(request, [
    ...((gracePeriodSeconds ?? 0) < 0
      ? [invalid('gracePeriodSeconds', gracePeriodSeconds, 'must be greater than or equal to 0')]
      : []),
    ...(policy !== '' && orphan !== ''
      ? [invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set')]
      : []),
    ...(policy !== '' && propagationPolicy === undefined ? [notSupported('propagationPolicy', policy, policies)] : []),
  ]);
  const { uid = '', resourceVersion = '' } = body.preconditions ?? {};
  return {
    options: {
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      ...(propagationPolicy !== undefined && { propagationPolicy }),
      ...(uid !== '' && { uid }),
      ...(resourceVersion !== '' && { resourceVersion }),
    },
    dryRun: parseDryRun(request, body.dryRun),
  };
}

/** The older way to say Orphan or Background. */
function orphanPolicy(value: string): DeleteOptions['propagationPolicy'] {
  if (value === '') return undefined;
  return /^(?:false|0)$/i.test(value) ? 'Background' : 'Orphan';
}
