/** What a caller acts on. The words are Kubernetes' own `Status.reason` values. */
export type Reason =
  | 'BadRequest'
  | 'Unauthorized'
  | 'Forbidden'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'NotAcceptable'
  | 'AlreadyExists'
  | 'Conflict'
  | 'Expired'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'Invalid'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServiceUnavailable'
  | 'Timeout';

/** One problem of a refused object: `field` is the path that Kubernetes would print (`spec.containers[0].image`). */
export interface Cause {
  reason: string;
  message: string;
  field?: string;
}

export interface ErrorDetails {
  /** The plural resource name; for Invalid the Kind. */
  kind?: string;
  name?: string;
  group?: string;
  uid?: string;
  causes?: Cause[];
  retryAfterSeconds?: number;
}

/** An error with a reason that crosses folders, processes and HTTP unchanged. */
export class ApiError extends Error {
  readonly reason: Reason;
  readonly details: ErrorDetails;

  constructor(reason: Reason, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ApiError';
    this.reason = reason;
    this.details = details;
  }
}

/** Says that `error` is an ApiError, and with this reason. */
export function hasReason(error: unknown, reason: Reason): error is ApiError {
  return error instanceof ApiError && error.reason === reason;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
