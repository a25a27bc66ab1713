import { ApiError } from '../../../shared/errors.ts';
import type { DeleteOptions } from '../../store/deletion.ts';
import type { ApiRequest } from '../http/api-request.ts';
import { readFields } from './codec.ts';
import { parseDryRun } from './write-options.ts';

export interface DeleteRequest {
  options: DeleteOptions;
  dryRun: boolean;
}

/** What the body, or without one the query, says about a deletion. Throws BadRequest and Invalid. */
export async function readDeleteOptions(request: ApiRequest): Promise<DeleteRequest> {
  const body = await readFields(request, 'DeleteOptions');
  const { query } = request;
  const gracePeriodSeconds = wholeNumber(body['gracePeriodSeconds']) ?? request.count('gracePeriodSeconds');
  const preconditions = (body['preconditions'] ?? {}) as { uid?: string; resourceVersion?: string };
  const { uid, resourceVersion } = preconditions;
  const propagationPolicy = policyOf(
    body['propagationPolicy'] ?? query.get('propagationPolicy') ?? orphanPolicy(body, query),
  );
  const dryRuns = (body['dryRun'] ?? []) as string[];
  return {
    options: {
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
      ...(propagationPolicy !== undefined && { propagationPolicy }),
      ...(uid && { uid }),
      ...(resourceVersion && { resourceVersion }),
    },
    dryRun: parseDryRun([...dryRuns, ...query.getAll('dryRun')]),
  };
}

function wholeNumber(value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new ApiError('BadRequest', 'gracePeriodSeconds: Invalid value: must be a whole number of at least 0');
}

/** The older way to say Orphan or Background. */
function orphanPolicy(body: Readonly<Record<string, unknown>>, query: URLSearchParams): string | undefined {
  const value = body['orphanDependents'] ?? query.get('orphanDependents') ?? undefined;
  if (value === undefined) return undefined;
  return value === true || value === 'true' ? 'Orphan' : 'Background';
}

function policyOf(value: unknown): DeleteOptions['propagationPolicy'] {
  switch (value) {
    case undefined:
    case '':
      return undefined;
    case 'Background':
    case 'Foreground':
    case 'Orphan':
      return value;
    default: {
      const why = `Unsupported value: ${JSON.stringify(value)}: supported values: "Foreground", "Background", "Orphan"`;
      const causes = [{ reason: 'FieldValueNotSupported', message: why, field: 'propagationPolicy' }];
      const details = { group: 'meta.k8s.io', kind: 'DeleteOptions', causes };
      throw new ApiError('Invalid', `DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: ${why}`, details);
    }
  }
}
