import { ApiError, type Reason } from '../../../shared/errors.ts';
import type { Logger } from '../../../shared/log.ts';
import { ExpiredPage } from './expired-page.ts';

const codes: Readonly<Record<Reason, number>> = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
};

/** A failed request as clients read it. */
export interface FailureStatus {
  kind: 'Status';
  apiVersion: 'v1';
  metadata: { continue?: string };
  status: 'Failure';
  message: string;
  reason: Reason;
  details?: ApiError['details'];
  code: number;
}

/** What a client is told of an error. The text of an error that Berth did not mean to throw stays in the log. */
export function failureStatus(error: unknown, log: Logger): FailureStatus {
  const known = error instanceof ApiError ? error : hideUnknown(error, log);
  const { reason, message, details } = known;
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: error instanceof ExpiredPage ? { continue: error.continueToken } : {},
    status: 'Failure',
    message,
    reason,
    ...(Object.keys(details).length > 0 && { details }),
    code: codes[reason],
  };
}

function hideUnknown(error: unknown, log: Logger): ApiError {
  log.error('request failed unexpectedly', { error });
  return new ApiError('InternalError', 'Internal error occurred: the log of the controller has the details');
}
