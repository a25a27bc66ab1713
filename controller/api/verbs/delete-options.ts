import { ApiError } from '../../../shared/errors.ts';
import type { DeleteOptions } from '../../store/deletion.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { readBody } from './codec.ts';
import { parseDryRun } from './write-options.ts';

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
  if (gracePeriodSeconds !== undefined && gracePeriodSeconds < 0) {
    throw invalid('gracePeriodSeconds', `Invalid value: ${gracePeriodSeconds}: must be greater than or equal to 0`);
  }
  const policy = body.propagationPolicy ?? query.get('propagationPolicy') ?? '';
  const propagationPolicy = parsePolicy(policy === '' ? orphanPolicy(body, query) : policy);
  const { uid = '', resourceVersion = '' } = body.preconditions ?? {};
  return {
    options: {
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      ...(propagationPolicy !== undefined && { propagationPolicy }),
      ...(uid !== '' && { uid }),
      ...(resourceVersion !== '' && { resourceVersion }),
    },
    dryRun: parseDryRun([...(body.dryRun ?? []), ...query.getAll('dryRun')]),
  };
}

/** The older way to say Orphan or Background. */
function orphanPolicy({ orphanDependents }: DeleteBody, query: URLSearchParams): string | undefined {
  const value = orphanDependents?.toString() ?? query.get('orphanDependents') ?? '';
  if (value === '') return undefined;
  return value === 'true' ? 'Orphan' : 'Background';
}

function parsePolicy(value: string | undefined): DeleteOptions['propagationPolicy'] {
  if (value === undefined || value === 'Background' || value === 'Foreground' || value === 'Orphan') return value;
  const supported = 'supported values: "Foreground", "Background", "Orphan"';
  throw invalid('propagationPolicy', `Unsupported value: ${JSON.stringify(value)}: ${supported}`);
}

function invalid(field: string, message: string): ApiError {
  const causes = [{ reason: 'FieldValueInvalid', message, field }];
  const details = { group: 'meta.k8s.io', kind: 'DeleteOptions', causes };
  return new ApiError('Invalid', `DeleteOptions.meta.k8s.io "" is invalid: ${field}: ${message}`, details);
}
