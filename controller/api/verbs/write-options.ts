import { ApiError } from '../../../shared/errors.ts';
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

/** Throws Invalid for values that mean nothing. */
export function parseWriteOptions(request: ApiRequest): WriteOptions {
  const { query, headers } = request;
  const named = query.get('fieldManager') ?? '';
  if (named.length > maxManagerLength) {
    throw invalid('fieldManager', `Invalid value: may not be longer than ${maxManagerLength}`);
  }
  if (/\p{C}/u.test(named)) throw invalid('fieldManager', 'Invalid value: should only contain printable characters');
  return {
    dryRun: parseDryRun(query.getAll('dryRun')),
    fieldManager: named === '' ? agentName(headers['user-agent']) : named,
    hasFieldManager: named !== '',
    fieldValidation: parseFieldValidation(query.get('fieldValidation') ?? ''),
    force: request.flag('force'),
  };
}

/** Says whether nothing is to be stored; also for the list in the body of a deletion. */
export function parseDryRun(values: readonly string[]): boolean {
  const given = values.filter((value) => value !== '');
  if (given.some((value) => value !== 'All')) {
    throw invalid('dryRun', `Unsupported value: ${JSON.stringify(given)}: supported values: "All"`);
  }
  return given.length > 0;
}

function parseFieldValidation(value: string): FieldValidation {
  if (value === '') return 'Warn';
  if (value === 'Strict' || value === 'Warn' || value === 'Ignore') return value;
  const supported = 'supported values: "Ignore", "Strict", "Warn"';
  throw invalid('fieldValidation', `Unsupported value: ${JSON.stringify(value)}: ${supported}`);
}

function agentName(userAgent: string | undefined): string {
  const name = (userAgent ?? '').split('/', 1)[0]?.trim().slice(0, maxManagerLength) ?? '';
  return name === '' ? 'unknown' : name;
}

function invalid(field: string, why: string): ApiError {
  const causes = [{ reason: 'FieldValueInvalid', message: why, field }];
  const details = { group: 'meta.k8s.io', kind: 'WriteOptions', causes };
  return new ApiError('Invalid', `WriteOptions.meta.k8s.io "" is invalid: ${field}: ${why}`, details);
}
