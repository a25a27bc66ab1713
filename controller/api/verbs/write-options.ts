import type { Cause } from '../../../shared/errors.ts';
import { forbidden, invalid, notSupported, tooLong } from '../../../shared/objects/validation/causes.ts';
import { toInvalid } from '../../../shared/objects/validation/invalid.ts';
import type { ApiDeps } from '../deps.ts';
import type { ApiRequest } from '../http/api-request.ts';
import type { ResourceTarget } from '../resource-path.ts';

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore';

/** What the query says about a write. */
export interface WriteOptions {
  /** Everything but storing. */
  dryRun: boolean;
  /** Who owns the written fields: named, or the first word of the User-Agent. */
  fieldManager: string;
  /** Whether it was named. */
  hasFieldManager: boolean;
  fieldValidation: FieldValidation;
  /** Server-side apply takes fields from other managers. */
  force: boolean;
}

/** One write: what the steps from the request to the store have in common. */
export interface Writing {
  deps: ApiDeps;
  request: ApiRequest;
  target: ResourceTarget;
  options: WriteOptions;
}

const maxManagerLength = 128;
const fieldValidations: readonly FieldValidation[] = ['Ignore', 'Strict', 'Warn'];

/** What Kubernetes calls the options of a method. */
const optionKinds: Readonly<Record<string, string>> = {
  POST: 'CreateOptions',
  PUT: 'UpdateOptions',
  PATCH: 'PatchOptions',
  DELETE: 'DeleteOptions',
};

/** Throws Invalid for values that mean nothing. */
export function parseWriteOptions(request: ApiRequest): WriteOptions {
  const { query, headers } = request;
  const named = query.get('fieldManager') ?? '';
  const validation = query.get('fieldValidation') || 'Warn';
  const fieldValidation = fieldValidations.find((known) => known === validation);
  refuseAny(request, [
    ...managerCauses(named),
    ...(fieldValidation === undefined ? [notSupported('fieldValidation', validation, fieldValidations)] : []),
    ...forceCauses(request),
  ]);
  return {
    dryRun: parseDryRun(request),
    fieldManager: named === '' ? agentName(headers['user-agent']) : named,
    hasFieldManager: named !== '',
    fieldValidation: fieldValidation ?? 'Warn',
    force: request.flag('force'),
  };
}

/** Says whether nothing is to be stored; `more` is what the body of a deletion says. Throws Invalid. */
export function parseDryRun(request: ApiRequest, more: readonly string[] = []): boolean {
  const given = [...more, ...request.query.getAll('dryRun')].filter((value) => value !== '');
  refuseAny(request, given.some((value) => value !== 'All') ? [notSupported('dryRun', given, ['All'])] : []);
  return given.length > 0;
}

/** Throws Invalid in the name of the options that the request's method takes, when there is a cause. */
export function refuseAny({ method }: ApiRequest, causes: Cause[]): void {
  const kind = optionKinds[method] ?? 'ListOptions';
  if (causes.length > 0) throw toInvalid({ group: 'meta.k8s.io', kind }, '', causes);
}

function managerCauses(name: string): Cause[] {
  if (name.length > maxManagerLength) return [tooLong('fieldManager', maxManagerLength)];
  return /\p{C}/u.test(name) ? [invalid('fieldManager', name, 'should only contain printable characters')] : [];
}

/** Only apply has anything to force. */
function forceCauses({ method, query, contentType }: ApiRequest): Cause[] {
  const isOther = method === 'PATCH' && query.has('force') && contentType !== 'application/apply-patch+yaml';
  return isOther ? [forbidden('force', 'may not be specified for non-apply patch')] : [];
}

function agentName(userAgent: string | undefined): string {
  const name = (userAgent ?? '').split('/', 1)[0]?.trim().slice(0, maxManagerLength) ?? '';
  return name === '' ? 'unknown' : name;
}
