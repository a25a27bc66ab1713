import { ApiError, messageOf, type ErrorDetails, type Reason } from '../errors.ts';

/** An ApiError as it crosses the bus. */
export interface ErrorReply {
  reason: Reason;
  message: string;
  details: ErrorDetails;
}

const reasons: ReadonlySet<string> = new Set<Reason>([
  'BadRequest',
  'Unauthorized',
  'Forbidden',
  'NotFound',
  'MethodNotAllowed',
  'NotAcceptable',
  'AlreadyExists',
  'Conflict',
  'Expired',
  'RequestEntityTooLarge',
  'UnsupportedMediaType',
  'Invalid',
  'TooManyRequests',
  'InternalError',
  'ServiceUnavailable',
  'Timeout',
]);

export function replyOfError(error: unknown): ErrorReply {
  if (!(error instanceof ApiError)) return { reason: 'InternalError', message: messageOf(error), details: {} };
  return { reason: error.reason, message: error.message, details: error.details };
}

/** What the other side threw; an InternalError when its answer makes no sense. */
export function errorOfReply(reply: unknown): ApiError {
  const { reason, message, details } = (reply ?? {}) as Partial<Record<keyof ErrorReply, unknown>>;
  const text = typeof message === 'string' ? message : 'the other side failed and did not say why';
  if (typeof reason !== 'string' || !reasons.has(reason)) return new ApiError('InternalError', text);
  return new ApiError(reason as Reason, text, typeof details === 'object' && details !== null ? details : {});
}

/** The error text of a closed session: one line that `errorOfText` reads back. */
export function textOfError(error: unknown): string {
  const { reason, message } = replyOfError(error);
  return `${reason}: ${message}`;
}

export function errorOfText(text: string): ApiError {
  const [reason = '', ...rest] = text.split(': ');
  if (reasons.has(reason)) return new ApiError(reason as Reason, rest.join(': '));
  return new ApiError('ServiceUnavailable', text);
}
